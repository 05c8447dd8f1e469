"""The providers of a file: one router, its connections, and the event loop that has them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import aiohttp

from voicestand.events import RoutingStats
from voicestand.routing import Answer, Provider, Router
from voicestand.routing.background import Background
from voicestand.routing.endpoint import key_of
from voicestand.speech.audio_log import SAMPLE_RATE, Pcm
from voicestand.speech.protocol import Transcript
from voicestand.speech.providers import Providers, ProviderSettings
from voicestand.speech.transcriptions import Transcriptions

BURST = 2
"""Utterances at once below a provider's rate limit, e.g. after a long one was cut."""


class Elsewhere:
    """The providers, with an event loop in a thread of its own, connections and a router."""

    def __init__(
        self, providers: Providers, prompt: str, fallback: Callable[[], Transcript]
    ) -> None:
        """``prompt``: what they are told of the words to expect; ``fallback``: the local words."""
        self._prompt = prompt
        self._deadline = providers.deadline
        self._fallback = fallback
        self._background = Background("providers")
        # Of its own: the loop's default executor may be full of names that do not resolve.
        self._executor = ThreadPoolExecutor(1, "local-recognizer")
        self.router = Router(
            [_provider(self._background.connections, one, prompt) for one in providers.provider],
            fallback=self._locally,
            measure=lambda samples: len(samples) / SAMPLE_RATE,
        )

    def ask(self, samples: Pcm) -> Future[Answer[Transcript]]:
        """The first answer to an utterance."""
        key = fingerprint(samples, self._prompt)
        return self._background.run(self.router.ask(samples, self._deadline, key=key))

    def stats(self) -> RoutingStats:
        """What was asked, and what came of it."""
        return self.router.stats(self._background.loop.time())

    def close(self) -> None:
        """Closes the connections."""
        self._background.close()

    async def _locally(self, _: Pcm) -> Transcript:
        return await self._background.loop.run_in_executor(self._executor, self._fallback)


def fingerprint(samples: Pcm, prompt: str) -> bytes:
    """Of all on which an answer depends but the provider; a prompt holds no zero byte."""
    return hashlib.blake2b(prompt.encode() + b"\0" + samples.tobytes(), digest_size=16).digest()


def _provider(
    session: aiohttp.ClientSession, settings: ProviderSettings, prompt: str
) -> Provider[Pcm, Transcript]:
    return Provider(
        settings.name,
        Transcriptions(session, settings, key_of(settings), prompt).send,
        price=settings.price_per_hour / 3600,
        requests_per_minute=settings.requests_per_minute,
        burst=BURST,
    )
