"""Recognizers elsewhere that speak OpenAI's protocol, and the best local one beside them.

An utterance is sent as a whole, once it has ended. The local recognizer hears along: its are the
partials, and the words of every utterance that no provider transcribes in time.
"""

from __future__ import annotations

import asyncio
import atexit
import hashlib
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import aiohttp
import msgspec
import numpy as np

from voicestand.events import RoutingStats
from voicestand.routing import FALLBACK, Provider, Router
from voicestand.routing.breaker import State
from voicestand.speech.audio_log import SAMPLE_RATE, Pcm
from voicestand.speech.messages import Notice
from voicestand.speech.protocol import RecognizerEngine, Transcript
from voicestand.speech.providers import Providers, ProviderSettings, key_of, read
from voicestand.speech.transcriptions import Transcriptions

SHORTEST = SAMPLE_RATE // 10
"""Samples; less is refused by servers, and holds no word."""

KEPT_OPEN = 60.0
"""Seconds that a connection waits for the next utterance: a handshake less in its latency."""

BURST = 2
"""Utterances at once below a provider's rate limit, e.g. after a long one was cut."""

NAME = "openai"

T = TypeVar("T")


class OpenAICompatible:
    """Asks the providers that a file names. Raises ``InputError`` where it has a mistake."""

    name = NAME

    def __init__(self, file: Path) -> None:
        self._providers = read(file)
        self._local = _local_engine()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="providers", daemon=True).start()
        # Of its own: the loop's default executor may be full of names that do not resolve.
        self._executor = ThreadPoolExecutor(1, "local-recognizer")
        self._session, self._router = self._await(self._connect(self._providers))
        atexit.register(self.close)
        self._told: set[str] = set()
        self._heard: list[Pcm] = []

    def start(self) -> None:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        self._heard = []
        self._local.start()

    def feed(self, samples: Pcm) -> None:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        self._heard.append(samples)
        self._local.feed(samples)

    def partial(self) -> str:
        """What the local recognizer believes so far."""
        return self._local.partial()

    def finish(self) -> Transcript:
        """The first provider's transcript; the local one where none comes before the deadline."""
        samples = np.concatenate([np.empty(0, np.int16), *self._heard])
        if len(samples) < SHORTEST:
            return self._finish_locally()
        fingerprint = hashlib.blake2b(samples.tobytes(), digest_size=16).digest()
        answer = self._await(self._router.ask(samples, self._providers.deadline, key=fingerprint))
        if answer.provider == FALLBACK:
            return answer.value
        return msgspec.structs.replace(answer.value, engine=f"{NAME}/{answer.provider}")

    def routing(self) -> RoutingStats:
        """See :class:`voicestand.speech.protocol.RoutedEngine`."""
        return self._router.stats(self._loop.time())

    def notices(self) -> list[Notice]:
        """See :class:`voicestand.speech.protocol.RoutedEngine`."""
        found = []
        for provider in self._router.providers:
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

    def _finish_locally(self) -> Transcript:
        return msgspec.structs.replace(self._local.finish(), engine=self._local.name)

    async def _fall_back(self, _: Pcm) -> Transcript:
        return await self._loop.run_in_executor(self._executor, self._finish_locally)

    def close(self) -> None:
        """Closes the connections, at the end of the process: aiohttp complains of those left."""
        self._await(self._session.close())

    async def _connect(
        self, providers: Providers
    ) -> tuple[aiohttp.ClientSession, Router[Pcm, Transcript]]:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(keepalive_timeout=KEPT_OPEN),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # the router has one
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return session, Router(
            [_provider(session, one) for one in providers.provider],
            fallback=self._fall_back,
            measure=lambda samples: len(samples) / SAMPLE_RATE,
        )

    def _await(self, coroutine: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


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
