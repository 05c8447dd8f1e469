"""What every recognizer implements, inside its worker process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

from voicestand.events import RoutingStats

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from voicestand.speech.audio_log import Pcm
    from voicestand.speech.messages import Notice
    from voicestand.speech.vocabulary import Term


class RecognizedWord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One word; ``start`` and ``end`` in seconds since the utterance's audio began."""

    text: str
    start: float
    end: float
    confidence: float | None = None
    """0 to 1 where the engine states it."""


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """What was said in one utterance; empty text where no word was recognized."""

    text: str
    words: list[RecognizedWord] = []
    """Empty where the engine gives no times."""
    engine: str = ""
    """Who recognized it, where the engine has several at hand."""


class RecognizerEngine(Protocol):
    """A recognizer. One is made per worker process; making it loads its model.

    An utterance is ``start``, any number of ``feed``, ``finish``; a new ``start`` abandons an
    unfinished one. The transcript depends on the utterance's samples alone, not on how they were
    cut into calls, nor on what was heard before: that is what makes a transcript after a crash the
    one that would have been.
    """

    @property
    def name(self) -> str:
        """Name as in the registry, e.g. ``pocketsphinx``."""

    def start(self) -> None:
        """Begins an utterance; everything that adapts to a speaker or a room is reset."""

    def feed(self, samples: Pcm) -> None:
        """Hears the next samples: int16, 16 kHz, any number of them."""

    def partial(self) -> str:
        """What is believed so far; may be empty, may change."""

    def finish(self) -> Transcript:
        """Ends the utterance."""


class BiasedEngine(RecognizerEngine, Protocol):
    """A recognizer that can be told terms to expect: it is made with them, behind its model.

    What it cannot use of them it goes on without.
    """

    @classmethod
    def unused(cls, model: Path | None, terms: Sequence[Term]) -> str | None:
        """In a line, what of ``terms`` it would not use with ``model``, and why; None: all is.

        Asked before a session begins, in another process; it loads no model.
        """


@runtime_checkable
class RoutedEngine(Protocol):
    """A recognizer that also asks providers elsewhere. Called after every utterance."""

    def routing(self) -> RoutingStats:
        """What they were asked, and what came of it, since the engine was made."""

    def notices(self) -> list[Notice]:
        """What became different with them since the last call, if the user should know."""
