"""Recognizers elsewhere that speak OpenAI's protocol, and the best local one beside them.

An utterance is sent as a whole, once it has ended. The local recognizer hears along: its are the
partials, and the words of every utterance that no provider transcribes in time.
"""

from __future__ import annotations

import atexit
import functools
import threading
from collections.abc import Sequence
from concurrent.futures import wait
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from voicestand.events import RoutingStats
from voicestand.routing import FALLBACK
from voicestand.routing.breaker import State
from voicestand.speech.audio_log import SAMPLE_RATE, Pcm
from voicestand.speech.loading import make, unused_terms
from voicestand.speech.messages import Notice
from voicestand.speech.prompt import prompt, unprompted
from voicestand.speech.protocol import RecognizerEngine, Transcript
from voicestand.speech.providers import read
from voicestand.speech.registry import resolve
from voicestand.speech.vocabulary import Term

if TYPE_CHECKING:
    from voicestand.speech.elsewhere import Elsewhere

SHORTEST = SAMPLE_RATE // 10
"""Samples; less is refused by servers, and holds no word."""

HELD = SAMPLE_RATE
"""Samples that the local recognizer may have yet to hear when an utterance ends: they are sent
first, and it catches up while the provider works."""

HEAD_START = 0.05
"""Seconds in which only the request is made: then the lock of the interpreter is contended."""

NAME = "openai"


class OpenAICompatible:
    """Asks the providers that a file names. Raises ``InputError`` where it has a mistake.

    Threads and connections begin with the first utterance: until then the process may be forked.
    """

    name = NAME

    def __init__(self, file: Path, terms: Sequence[Term] = ()) -> None:
        from voicestand.speech.elsewhere import Elsewhere  # aiohttp: not where it only tells

        self._connect = functools.partial(
            Elsewhere, read(file), prompt(terms), self._finish_locally
        )
        self._local = _local_engine(terms)
        self._elsewhere: Elsewhere | None = None
        self._told: set[str] = set()
        self._heard: list[Pcm] = []
        self._hearing = threading.Lock()
        """Guards the local recognizer and how far it has heard."""
        self._local_next = 0

    @classmethod
    def unused(cls, model: Path | None, terms: Sequence[Term]) -> str | None:
        """See :class:`voicestand.speech.protocol.BiasedEngine`."""
        assert model is not None
        prompted = any(provider.vocabulary for provider in read(model).provider)
        said = [unprompted(terms) if prompted else None, unused_terms(resolve(), terms)]
        return "; ".join(filter(None, said)) or None

    def start(self) -> None:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        if self._elsewhere is None:
            self._elsewhere = self._connect()
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


def _local_engine(terms: Sequence[Term]) -> RecognizerEngine:
    local = resolve()
    return make(local.entry, local.model, terms)
