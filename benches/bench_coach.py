"""Claim: a suggestion comes within 10 ms (p95) of the final transcript, also with 1,000 triggers.

Peer: the naive matcher, all phrases and patterns as regular expressions, one after the other (whole
words, but neither near misses nor negation). Input: 400 utterances of 5 to 50 words, drawn from
the demo call's words and the default playbook's phrases. Unit: one call is one utterance,
final transcript to list of suggestions, metrics included. ``test_percentiles`` prints p50 and p95.
Without a language model one core takes 1,000 utterances a second, with all that the session does
with them (suggestions, figures, their JSON); a conversation of eight hours takes less than 2 MB.
Both with the default playbook; with 1,000 triggers the rate is printed, too.
"""

from __future__ import annotations

import gc
import itertools
import random
import re
import statistics
import sys
import time
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from voicestand import demo
from voicestand.bench.record import Bound, record
from voicestand.coach import Coach, Playbook
from voicestand.coach.patterns import compile_pattern
from voicestand.coach.playbook import Trigger, find
from voicestand.coach.words import spoken
from voicestand.events import CoachMetrics, TranscriptFinal, to_json

CLAIM_MS = 10.0
CLAIM_PER_SECOND = 1000.0
CLAIM_MB = 2.0
UTTERANCES = 400
UTTERANCES_PER_HOUR = 360
MANY = 1000
_OTHER_WORDS = (
    "account agenda answer branch campaign chair client contract country delay design detail "
    "driver effort engine error factory feature figure forecast garden guest handle harbour "
    "holiday idea index invoice island journey keeper kitchen label ladder laptop ledger letter "
    "limit market matter member meter minute module monitor morning number office order package "
    "paper partner people phone pilot planet player policy printer project quality question"
)

Heard = Callable[[TranscriptFinal], object]


def default_playbook() -> Playbook:
    return find("sales-call")


def large_playbook() -> Playbook:
    """The default playbook and made-up triggers of five phrases and one pattern, 1,000 in all."""
    rng = random.Random(1)
    words = _OTHER_WORDS.split() + [word for line in demo.reference() for word in spoken(line.text)]
    small = default_playbook()
    made = [
        Trigger(
            id=f"made-{number}",
            suggestion=f"Suggestion {number}.",
            phrases=tuple(" ".join(rng.choices(words, k=rng.randint(2, 4))) for _ in range(5)),
            patterns=(compile_pattern(rf"\b{rng.choice(words)} (\w+ )?{rng.choice(words)}\b"),),
        )
        for number in range(MANY - len(small.triggers))
    ]
    return replace(small, triggers=(*small.triggers, *made))


DEFAULT = "default playbook"
PLAYBOOKS = {DEFAULT: default_playbook, "1,000 triggers": large_playbook}


def utterances() -> list[TranscriptFinal]:
    rng = random.Random(2)
    words = _OTHER_WORDS.split() + [word for line in demo.reference() for word in spoken(line.text)]
    phrases = [p for trigger in default_playbook().triggers for p in trigger.phrases]
    finals = []
    for number in range(UTTERANCES):
        said = rng.choices(words, k=rng.randint(5, 50))
        if number % 4 == 0:
            said.insert(rng.randrange(len(said)), rng.choice(phrases))
        text = " ".join(said)
        start = 10.0 * number
        finals.append(
            TranscriptFinal(
                session="bench",
                t=start + 9,
                channel=("self", "other")[number % 2],
                utterance=str(number),
                text=text,
                start=start,
                end=start + 9,
                engine="none",
                latency_ms=0.0,
                engine_ms=0.0,
                recognizer_ms=0.0,
            )
        )
    return finals


def naive(playbook: Playbook) -> Heard:
    """Every phrase and every pattern, one after the other."""
    patterns = [
        (trigger, re.compile(rf"\b{re.escape(phrase)}\b"))
        for trigger in playbook.triggers
        for phrase in trigger.phrases
    ] + [(trigger, pattern) for trigger in playbook.triggers for pattern in trigger.patterns]

    def hear(final: TranscriptFinal) -> Sequence[Trigger]:
        text = final.text.lower()
        return [trigger for trigger, pattern in patterns if pattern.search(text)]

    return hear


SIDES: dict[str, Callable[[Playbook], Heard]] = {
    "voicestand": lambda playbook: Coach(playbook, ["self", "other"]).on_final,
    "naive": naive,
}


@pytest.fixture(scope="module")
def finals() -> list[TranscriptFinal]:
    return utterances()


def _endless(finals: list[TranscriptFinal]) -> Iterator[TranscriptFinal]:
    """The utterances again and again, the audio clock going on."""
    for round_, final in ((r, f) for r in itertools.count() for f in finals):
        shift = round_ * 10.0 * UTTERANCES
        yield TranscriptFinal(
            session=final.session,
            t=final.t + shift,
            channel=final.channel,
            utterance=final.utterance,
            text=final.text,
            start=final.start + shift,
            end=final.end + shift,
            engine=final.engine,
            latency_ms=0.0,
            engine_ms=0.0,
            recognizer_ms=0.0,
        )


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("size", PLAYBOOKS)
def test_suggestion_after_final(
    benchmark: Any, finals: list[TranscriptFinal], size: str, side: str
) -> None:
    benchmark.group = f"suggestion after final, {size}"
    hear = SIDES[side](PLAYBOOKS[size]())
    stream = _endless(finals)
    benchmark.pedantic(hear, setup=lambda: ((next(stream),), {}), rounds=1000, warmup_rounds=50)


@pytest.mark.parametrize("size", PLAYBOOKS)
def test_percentiles(
    capsys: pytest.CaptureFixture[str], finals: list[TranscriptFinal], size: str
) -> None:
    """Prints p50 and p95 of both sides and their ratio; the claim is on p95."""
    playbook = PLAYBOOKS[size]()
    p50, p95, every = {}, {}, {}
    for side, make in SIDES.items():
        hear = make(playbook)
        stream = _endless(finals)
        times = []
        for _ in range(5 * UTTERANCES):
            final = next(stream)
            begun = time.perf_counter_ns()
            hear(final)
            times.append((time.perf_counter_ns() - begun) / 1e6)
        p50[side] = statistics.median(times)
        p95[side] = statistics.quantiles(times, n=20)[-1]
        every[side] = times
    record(
        f"coach-suggestion-{len(playbook.triggers)}-triggers",
        f"a suggestion comes within {CLAIM_MS:.0f} ms of the final transcript, {size}",
        input="utterances of 5 to 50 words, one call each, metrics included",
        unit="ms",
        statistic="p95",
        ours=every["voicestand"],
        peers={"all patterns, one after the other": every["naive"]},
        bounds=[Bound(CLAIM_MS)],
    )
    with capsys.disabled():
        print(f"\nsuggestion after final, {size} ({len(playbook.triggers)} triggers):")
        for side in SIDES:
            print(f"  {side:<10}  p50 {p50[side]:7.3f} ms  p95 {p95[side]:7.3f} ms")
        print(f"  ratio (naive / voicestand, p95): {p95['naive'] / p95['voicestand']:.2f}")


def _everything(coach: Coach) -> Heard:
    """What the session does with a final: advice, the figures, and their JSON."""

    def hear(final: TranscriptFinal) -> None:
        coach.on_final(final)
        to_json(
            CoachMetrics(session="bench", t=final.t, channels=coach.metrics(), call=coach.call())
        )

    return hear


@pytest.mark.parametrize("size", PLAYBOOKS)
def test_throughput(
    capsys: pytest.CaptureFixture[str], finals: list[TranscriptFinal], size: str
) -> None:
    """Prints utterances per second of processor time: what one core takes."""
    playbook = PLAYBOOKS[size]()
    hear = _everything(Coach(playbook, ["self", "other"]))
    stream = _endless(finals)
    rates = []
    for _ in range(9):
        turn = [next(stream) for _ in range(UTTERANCES)]
        begun = time.thread_time()
        for final in turn:
            hear(final)
        rates.append(UTTERANCES / (time.thread_time() - begun))
    rates = rates[1:]  # the first one imports
    record(
        f"coach-throughput-{len(playbook.triggers)}-triggers",
        f"utterances a second that one core takes without a language model, {size}",
        input="utterances of 5 to 50 words; suggestions, all figures, and their JSON",
        unit="1/s",
        better="higher",
        ours=rates,
        bounds=[Bound(CLAIM_PER_SECOND)] if size == DEFAULT else [],
    )
    with capsys.disabled():
        print(
            f"\nthroughput, {size} ({len(playbook.triggers)} triggers): median "
            f"{statistics.median(rates):.0f} utterances/s, least {min(rates):.0f}"
        )


def _held(root: object, shared: object) -> int:
    """Bytes of all that ``root`` holds, without what ``shared`` holds, and without code."""
    seen = {id(one) for one in _reached([shared], set())}
    return sum(sys.getsizeof(one) for one in _reached([root], seen))


def _reached(roots: list[object], seen: set[int]) -> list[object]:
    code = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)
    found = []
    while roots:
        one = roots.pop()
        if id(one) not in seen and not isinstance(one, code):
            seen.add(id(one))
            found.append(one)
            roots.extend(gc.get_referents(one))
    return found


def test_memory_of_an_eight_hour_call(
    capsys: pytest.CaptureFixture[str], finals: list[TranscriptFinal]
) -> None:
    """Prints what a conversation holds after one hour and after eight, its playbook aside."""
    playbook = default_playbook()
    coach = Coach(playbook, ["self", "other"])
    hear = _everything(coach)
    stream = _endless(finals)
    held = []
    for _ in range(8):
        for _ in range(UTTERANCES_PER_HOUR):
            hear(next(stream))
        held.append(_held(coach, playbook) / 1e6)
    record(
        "coach-memory",
        f"a conversation of eight hours takes less than {CLAIM_MB:.0f} MB, {DEFAULT}",
        input="an utterance of 5 to 50 words every ten seconds; all objects the coach holds",
        unit="MB",
        statistic="max",
        ours=held,
        bounds=[Bound(CLAIM_MB)],
    )
    with capsys.disabled():
        print(
            f"\nmemory of a conversation, {DEFAULT} ({len(playbook.triggers)} triggers): "
            f"{held[0]:.3f} MB after an hour, {held[-1]:.3f} MB after eight"
        )
