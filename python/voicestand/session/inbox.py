"""What the thread of a conversation is told by all the others."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from voicestand.coach.generation.answer import Advice
from voicestand.events import EngineStats, Severity
from voicestand.session.latency import EndOfSpeech
from voicestand.speech.recognizer import FinalResult, PartialResult
from voicestand.vad.endpointer import Endpoint, Onset

EndReason = Literal["end", "duration", "interrupted", "failed"]


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """The onset or the end of an utterance, as the listener tells it."""

    channel: str
    utterance: str
    what: Onset | Endpoint
    end_of_speech: EndOfSpeech | None
    """For an ``Endpoint``."""


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """The listener has heard everything there was, or cannot go on."""

    source: str
    trouble: str | None
    damaged: str | None = None
    """What could not be read of a file, in one line."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something a user should know."""

    severity: Severity
    code: str
    message: str
    channel: str | None = None


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """What a language model answered."""

    utterance: str
    """What it is about."""
    advice: Advice
    model: str
    """Its name."""


class Stop(msgspec.Struct, frozen=True):
    """Somebody wants the conversation to end."""

    reason: EndReason


Message: TypeAlias = (
    Heard | Stopped | PartialResult | FinalResult | Generated | Alert | Stop | EngineStats
)
