"""Claim: with providers that misbehave, 99.9 % of the utterances have words before the deadline.

Peers: a plain client with time-outs and retries that asks one provider, and one that takes the next
provider each time; same deadline, same moments, same misbehaviour. Input: 15 conversations of each
side at once, for VOICESTAND_ROUTING_SECONDS (180), against a server process that is calm, slow,
rate limited, broken, silent, torn, dark and back in turn. The local recognizer is a pause as long
as the embedded one's median final here: 15 of them would not run on one machine. Unit: seconds from
the end of an utterance to its words, and shares.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence

import numpy as np
from tests.speech.conversations import (
    PHASES,
    Outcome,
    Plain,
    Routed,
    Side,
    elsewhere,
    load,
    serve,
    side,
)
from tests.speech.faulty_provider import FaultyProviders
from tests.speech.hearing import spoken

from voicestand.bench.record import Bound, record
from voicestand.events import RoutingStats
from voicestand.speech.pocketsphinx import PocketSphinx

SECONDS = float(os.environ.get("VOICESTAND_ROUTING_SECONDS", "180"))
CONVERSATIONS = 15
DEADLINE = 4.0
PAUSE = (1.0, 3.0)
"""Seconds between the words of an utterance and the end of the next."""

INPUT = f"{CONVERSATIONS} conversations of each side for {SECONDS:g} s, deadline {DEADLINE:g} s"
OURS = "routed"
PEERS = {"retry": "plain client, one provider", "rotate": "plain client, next provider"}


def local_final() -> float:
    """Seconds that the embedded recognizer's ``finish`` takes, having heard along: the median."""
    engine = PocketSphinx()
    taken = []
    for text in ("thank you for calling how can i help you today", "that sounds good") * 3:
        audio = spoken(text)
        engine.start()
        for at in range(0, len(audio), 3200):
            engine.feed(audio[at : at + 3200])
        began = time.monotonic()
        engine.finish()
        taken.append(time.monotonic() - began)
    return float(np.median(taken))


def within(outcomes: Sequence[Outcome]) -> float:
    """Percent that have words before the deadline, and a pause of the event loop's."""
    return (
        100
        * sum(bool(one.who) and one.seconds <= DEADLINE + 0.1 for one in outcomes)
        / len(outcomes)
    )


def by_phase(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    return {phase: [one for one in outcomes if one.phase == phase] for phase in PHASES}


def show(sides: dict[str, Side]) -> None:
    print(f"\n{INPUT}")
    print(f"  {'':30s} utterances  in time  elsewhere   p50    p95    p99    max s  requests")
    for name, one in sides.items():
        seconds = [outcome.seconds for outcome in one.outcomes]
        p50, p95, p99, worst = (np.quantile(seconds, q) for q in (0.5, 0.95, 0.99, 1.0))
        print(
            f"  {PEERS.get(name, 'VoiceStand'):30s} {len(seconds):10d} {within(one.outcomes):7.2f}%"
            f" {100 * elsewhere(one.outcomes):8.1f}% {p50:6.2f} {p95:6.2f} {p99:6.2f} {worst:6.2f}"
            f" {requests(one) / len(seconds):9.2f}"
        )
    print("  p95 by phase, s (in time, %):")
    for phase in PHASES:
        cells = []
        for name, one in sides.items():
            found = by_phase(one.outcomes)[phase]
            p95 = np.quantile([outcome.seconds for outcome in found], 0.95)
            cells.append(f"{name} {p95:5.2f} ({within(found):5.1f})")
        print(f"    {phase:12s} " + "   ".join(cells))


def requests(one: Side) -> int:
    if one.name != OURS:
        return sum(client.requests for client in one.clients)
    return sum(each.requests for stats in accounts(one) for each in stats.providers)


def accounts(one: Side) -> list[RoutingStats]:
    return [client.last for client in one.clients]


def test_fifteen_conversations_beside_plain_clients() -> None:
    local = local_final()
    print(f"\nthe embedded recognizer's final takes {1e3 * local:.0f} ms (median)")
    sides = {
        OURS: side(OURS, lambda settings: Routed(settings, DEADLINE, local)),
        "retry": side("retry", lambda settings: Plain(settings[:1], DEADLINE)),
        "rotate": side("rotate", lambda settings: Plain(settings, DEADLINE)),
    }
    providers = FaultyProviders()
    try:
        serve(providers, list(sides.values()), faster=1.0)
        asyncio.run(
            load(
                providers,
                list(sides.values()),
                conversations=CONVERSATIONS,
                seconds=SECONDS,
                pause=PAUSE,
            )
        )
    finally:
        providers.close()
    show(sides)
    ours = sides[OURS]
    stats = accounts(ours)
    print("  of VoiceStand's:", Counter(one.who for one in ours.outcomes))
    hedges = sum(each.hedges for one in stats for each in one.providers)
    won = sum(each.hedges_won for one in stats for each in one.providers)
    print(f"  hedges {hedges}, first {won}; fallbacks {sum(one.fallbacks for one in stats)}")
    assert hedges <= len(ours.outcomes) / 10
    shares = {
        name: [within(found) for found in by_phase(one.outcomes).values() if found]
        for name, one in sides.items()
    }
    record(
        "routing-in-time",
        "at least 99.9 % of the utterances have words before the deadline, in every phase",
        input=INPUT + "; one sample a phase",
        unit="%",
        better="higher",
        statistic="min",
        ours=shares[OURS],
        peers={PEERS[name]: shares[name] for name in PEERS},
        bounds=[Bound(99.9)],
    )
    record(
        "routing-elsewhere",
        "utterances that a provider transcribed, as far as one could",
        input=INPUT + "; one sample a phase",
        unit="%",
        better="higher",
        ours=[100 * elsewhere(found) for found in by_phase(ours.outcomes).values()],
        peers={
            PEERS[name]: [
                100 * elsewhere(found) for found in by_phase(sides[name].outcomes).values()
            ]
            for name in PEERS
        },
    )
    record(
        "routing-latency",
        "19 of 20 utterances have their words before the deadline: the local recognizer keeps it",
        input=INPUT,
        unit="s",
        statistic="p95",
        ours=[one.seconds for one in ours.outcomes],
        peers={PEERS[name]: [one.seconds for one in sides[name].outcomes] for name in PEERS},
        bounds=[Bound(DEADLINE)],
    )
