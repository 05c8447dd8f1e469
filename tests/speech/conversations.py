"""Conversations in parallel whose utterances are transcribed elsewhere, by one client or another.

What a client is worth is what it makes of the same misbehaviour: each has providers of its own,
which are as slow, busy and broken as those of the others at every moment.
"""

from __future__ import annotations

import asyncio
import functools
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import aiohttp
import numpy as np
from tests.speech.faulty_engine import Pcm, words_of
from tests.speech.faulty_provider import Fault, FaultyProviders

from voicestand.events import RoutingStats
from voicestand.routing import FALLBACK, Provider, ProviderError, Router
from voicestand.speech.protocol import Transcript
from voicestand.speech.providers import ProviderSettings
from voicestand.speech.transcriptions import Transcriptions

Mix = list[tuple[float, Fault]]

SILENT: Mix = [(1.0, {"silence": True})]
PHASES: dict[str, dict[str, Mix]] = {
    "calm": {"a": [(0.02, {"status": 500})], "b": [(0.02, {"wait": 2.0})]},
    "slow tail": {"a": [(0.08, {"wait": 3.0})], "b": [(0.08, {"wait": 3.0})]},
    "rate limit": {"a": [(0.6, {"status": 429, "retry_after": "2"})], "b": []},
    "broken": {"a": [(0.5, {"status": 500}), (0.2, {"status": 503})], "b": []},
    "one silent": {"a": SILENT, "b": []},
    "torn": {
        name: [(0.1, {"hang_up": True}), (0.1, {"cut": 9}), (0.1, {"body": "<html>"})]
        for name in "ab"
    },
    "dark": {"a": SILENT, "b": [(1.0, {"hang_up": True})]},
    "back": {"a": [], "b": []},
}
"""What the providers do, one phase after the other."""

LATENCY = {"a": (0.15, 0.3), "b": (0.25, 0.5)}
"""Seconds, from and to, of what is answered as it should."""


class Outcome(NamedTuple):
    """Of one utterance."""

    phase: str
    seconds: float
    """From its end to its words, or until nobody waited any more."""
    who: str
    """Whose words they are; empty: there are none."""


Transcribe = Callable[[Pcm], Awaitable[tuple[str, str]]]
"""Gives whose words they are, and the words. Raises whatever it likes."""


class Routed:
    """As a worker does it: a router and connections of its own."""

    def __init__(self, settings: Sequence[ProviderSettings], deadline: float, local: float) -> None:
        """``local``: seconds that the local recognizer takes; it sleeps them."""
        self.last: RoutingStats
        """The account, once it is closed."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        self._deadline = deadline
        self._local = local
        self._router = Router(
            [
                Provider(one.name, Transcriptions(self._session, one, "").send, price=1 / 3600)
                for one in settings
            ],
            fallback=self._locally,
            measure=lambda samples: len(samples) / 16_000,
        )

    async def _locally(self, samples: Pcm) -> Transcript:
        await asyncio.sleep(self._local)
        return Transcript(text=words_of(samples))

    async def transcribe(self, samples: Pcm) -> tuple[str, str]:
        answer = await self._router.ask(samples, self._deadline, key=samples.tobytes())
        return answer.provider, answer.value.text

    async def close(self) -> None:
        self.last = self._router.stats(asyncio.get_running_loop().time())
        await self._session.close()


class Plain:
    """What is usually written: time-outs, retries with exponential back-off, Retry-After."""

    def __init__(
        self,
        settings: Sequence[ProviderSettings],
        deadline: float,
        attempts: int = 4,
        pause: float = 0.25,
    ) -> None:
        """The providers are asked in turn, beginning with the first."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        self._clients = [Transcriptions(self._session, one, "") for one in settings]
        self._names = [one.name for one in settings]
        self._deadline = deadline
        self._attempts = attempts
        self._pause = pause
        self.requests = 0

    async def transcribe(self, samples: Pcm) -> tuple[str, str]:
        async with asyncio.timeout(self._deadline):
            for attempt in range(self._attempts):
                at = attempt % len(self._clients)
                self.requests += 1
                pause = self._pause * 2**attempt * random.uniform(0.5, 1.0)
                try:
                    async with asyncio.timeout(self._deadline / 2):
                        return self._names[at], (await self._clients[at].send(samples)).text
                except ProviderError as error:
                    pause = error.retry_after or pause
                except TimeoutError:
                    pass
                await asyncio.sleep(pause)
        raise TimeoutError

    async def close(self) -> None:
        await self._session.close()


class Side(NamedTuple):
    """A client, and how its conversations went."""

    name: str
    """Of its providers, too: ``NAME-a`` and ``NAME-b``."""
    make: Callable[[Sequence[ProviderSettings]], Any]
    outcomes: list[Outcome]
    clients: list[Any]


def side(name: str, make: Callable[[Sequence[ProviderSettings]], Any]) -> Side:
    return Side(name, make, [], [])


def serve(providers: FaultyProviders, sides: Sequence[Side], faster: float) -> None:
    """Makes the providers of all sides, their latencies divided by ``faster``."""
    providers.plan(
        **{
            f"{one.name}-{name}": {"latency": [seconds / faster for seconds in latency]}
            for one in sides
            for name, latency in LATENCY.items()
        }
    )


async def load(
    providers: FaultyProviders,
    sides: Sequence[Side],
    *,
    conversations: int,
    seconds: float,
    pause: tuple[float, float],
) -> None:
    """``conversations`` of each side at once, which say something after each ``pause``.

    The phases share ``seconds``.
    """
    phase = [next(iter(PHASES))]
    for one in sides:
        settings = [
            ProviderSettings(name=name, url=providers.url(f"{one.name}-{name}"), model="m")
            for name in LATENCY
        ]
        one.clients.extend(one.make(settings) for _ in range(conversations))
    over = asyncio.Event()
    talks = [
        _converse(client.transcribe, one.outcomes, phase, over, random.Random(number), pause)
        for one in sides
        for number, client in enumerate(one.clients)
    ]
    talking = asyncio.gather(*talks)
    for name, mixes in PHASES.items():
        phase[0] = name
        told = {f"{one.name}-{at}": mix for one in sides for at, mix in mixes.items()}
        await asyncio.to_thread(functools.partial(providers.mix, **told))
        await asyncio.sleep(seconds / len(PHASES))
    over.set()
    await talking
    for one in sides:
        for client in one.clients:
            await client.close()


async def _converse(
    transcribe: Transcribe,
    outcomes: list[Outcome],
    phase: list[str],
    over: asyncio.Event,
    chance: random.Random,
    pause: tuple[float, float],
) -> None:
    while not over.is_set():
        await asyncio.sleep(chance.uniform(*pause))
        samples = np.frombuffer(chance.randbytes(2 * chance.randint(4000, 24_000)), np.int16)
        began, during = time.monotonic(), phase[0]
        try:
            who, text = await transcribe(samples)
        except (TimeoutError, ProviderError):
            who, text = "", ""
        seconds = time.monotonic() - began
        assert text == (words_of(samples) if who else "")
        outcomes.append(Outcome(during, seconds, who))


def elsewhere(outcomes: Sequence[Outcome]) -> float:
    """The share of utterances with a provider's words."""
    return sum(one.who not in ("", FALLBACK) for one in outcomes) / len(outcomes)
