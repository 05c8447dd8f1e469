"""Recognizers elsewhere that speak OpenAI's protocol, and the best local one beside them.

An utterance is sent as a whole, once it has ended. The local recognizer hears along: its are the
partials, and the words of every utterance that no provider transcribes in time.
"""

from __future__ import annotations

import asyncio
import atexit
import hashlib
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TypeVar

import aiohttp
import msgspec
import numpy as np

from voicestand.events import RoutingStats
from voicestand.routing import FALLBACK, Answer, Provider, Router
from voicestand.routing.breaker import State
from voicestand.routing.endpoint import key_of
from voicestand.speech.audio_log import SAMPLE_RATE, Pcm
from voicestand.speech.messages import Notice
from voicestand.speech.protocol import RecognizerEngine, Transcript
from voicestand.speech.providers import Providers, ProviderSettings, read
from voicestand.speech.transcriptions import Transcriptions

SHORTEST = SAMPLE_RATE // 10
"""Samples; less is refused by servers, and holds no word."""

KEPT_OPEN = 60.0
"""Seconds that a connection waits for the next utterance: a handshake less in its latency."""

HELD = SAMPLE_RATE
"""Samples that the local recognizer may have yet to hear when an utterance ends: they are sent
first, and it catches up while the provider works."""

HEAD_START = 0.05
"""Seconds in which only the request is made: then the lock of the interpreter is contended."""

BURST = 2
"""Utterances at once below a provider's rate limit, e.g. after a long one was cut."""

NAME = "openai"

T = TypeVar("T")


class OpenAICompatible:
    """Asks the providers that a file names. Raises ``InputError`` where it has a mistake.

    Threads and connections begin with the first utterance: until then the process may be forked.
    """

    name = NAME

    def __init__(self, file: Path) -> None:
        self._providers = read(file)
        self._local = _local_engine()
        self._elsewhere: _Elsewhere | None = None
        self._told: set[str] = set()
        self._heard: list[Pcm] = []
        self._hearing = threading.Lock()
        """Guards the local recognizer and how far it has heard."""
        self._local_next = 0

    def start(self) -> None:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        if self._elsewhere is None:
            self._elsewhere = _Elsewhere(self._providers, self._finish_locally)
            atexit.register(self.close)
        self._heard = []
        self._local_next = 0
        self._local.start()

    def feed(self, samples: Pcm) -> None:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        self._heard.append(samples)
        while sum(map(len, self._heard[self._local_next :])) > HELD:
            self._hear_on()

    def partial(self) -> str:
        """What the local recognizer believes so far."""
        while self._hear_on():
            pass
        return self._local.partial()

    def finish(self) -> Transcript:
        """The first provider's transcript; the local one where none comes before the deadline."""
        samples = np.concatenate([np.empty(0, np.int16), *self._heard])
        if len(samples) < SHORTEST or self._elsewhere is None:
            return self._finish_locally()
        asked = self._elsewhere.ask(samples)
        wait([asked], HEAD_START)
        while not asked.done() and self._hear_on():
            pass
        answer = asked.result()
        if answer.provider == FALLBACK:
            return answer.value
        return msgspec.structs.replace(answer.value, engine=f"{NAME}/{answer.provider}")

    def routing(self) -> RoutingStats:
        """See :class:`voicestand.speech.protocol.RoutedEngine`."""
        if self._elsewhere is None:
            return RoutingStats(requests=0, cache_hits=0, fallbacks=0, providers=[])
        return self._elsewhere.stats()

    def notices(self) -> list[Notice]:
        """See :class:`voicestand.speech.protocol.RoutedEngine`."""
        found = []
        for provider in self._elsewhere.router.providers if self._elsewhere else ():
            failing = provider.state is not State.CLOSED
            if failing and provider.name not in self._told:
                self._told.add(provider.name)
                message = f"{provider.trouble}; the provider is left alone for a while"
                found.append(Notice("warning", "recognizer.provider-failed", message))
            elif not failing and provider.name in self._told:
                self._told.discard(provider.name)
                message = f"{provider.name} answers again"
                found.append(Notice("info", "recognizer.provider-recovered", message))
        return found

    def close(self) -> None:
        """Closes the connections, at the end of the process: aiohttp complains of those left."""
        if self._elsewhere is not None:
            self._elsewhere.close()

    def _hear_on(self) -> bool:
        """Lets the local recognizer hear the next piece; False where it has heard all."""
        with self._hearing:
            if self._local_next == len(self._heard):
                return False
            self._local.feed(self._heard[self._local_next])
            self._local_next += 1
            return True

    def _finish_locally(self) -> Transcript:
        while self._hear_on():
            pass
        return msgspec.structs.replace(self._local.finish(), engine=self._local.name)


class _Elsewhere:
    """The providers, with an event loop in a thread of its own, connections and a router."""

    def __init__(self, providers: Providers, fallback: Callable[[], Transcript]) -> None:
        self._deadline = providers.deadline
        self._fallback = fallback
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="providers", daemon=True).start()
        # Of its own: the loop's default executor may be full of names that do not resolve.
        self._executor = ThreadPoolExecutor(1, "local-recognizer")
        self._session = self._await(_session())
        self.router = Router(
            [_provider(self._session, one) for one in providers.provider],
            fallback=self._locally,
            measure=lambda samples: len(samples) / SAMPLE_RATE,
        )

    def ask(self, samples: Pcm) -> Future[Answer[Transcript]]:
        fingerprint = hashlib.blake2b(samples.tobytes(), digest_size=16).digest()
        request = self.router.ask(samples, self._deadline, key=fingerprint)
        return asyncio.run_coroutine_threadsafe(request, self._loop)

    def stats(self) -> RoutingStats:
        return self.router.stats(self._loop.time())

    def close(self) -> None:
        self._await(self._session.close())

    async def _locally(self, _: Pcm) -> Transcript:
        return await self._loop.run_in_executor(self._executor, self._fallback)

    def _await(self, coroutine: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(keepalive_timeout=KEPT_OPEN),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # the router has one
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def _provider(
    session: aiohttp.ClientSession, settings: ProviderSettings
) -> Provider[Pcm, Transcript]:
    return Provider(
        settings.name,
        Transcriptions(session, settings, key_of(settings)).send,
        price=settings.price_per_hour / 3600,
        requests_per_minute=settings.requests_per_minute,
        burst=BURST,
    )


def _local_engine() -> RecognizerEngine:
    from voicestand.speech.registry import resolve
    from voicestand.speech.worker import load

    return load(resolve().path)
