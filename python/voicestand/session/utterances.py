"""Utterances from their onset to their final transcript, as events."""

from __future__ import annotations

import time

from voicestand.audio.source import SPEECH_RATE
from voicestand.events import (
    SpeechEnded,
    SpeechSegment,
    SpeechStarted,
    TranscriptFinal,
    TranscriptPartial,
    Word,
)
from voicestand.session.inbox import Heard
from voicestand.session.latency import EndOfSpeech, split
from voicestand.speech.recognizer import FinalResult, PartialResult
from voicestand.vad.endpointer import Endpoint, Onset


class Utterances:
    """Joins what the listener heard and what the recognizer made of it, by the utterance's name."""

    def __init__(self, session: str) -> None:
        self._session = session
        self._open: dict[str, tuple[Endpoint, EndOfSpeech]] = {}

    @property
    def open(self) -> list[str]:
        """Names of those that have ended and wait for their final."""
        return list(self._open)

    def heard(self, heard: Heard) -> SpeechStarted | SpeechEnded:
        """An utterance began, or ended and is open from now on."""
        if isinstance(heard.what, Onset):
            return SpeechStarted(
                session=self._session,
                t=heard.what.start / SPEECH_RATE,
                channel=heard.channel,
                utterance=heard.utterance,
            )
        end = heard.what
        assert heard.end_of_speech is not None
        self._open[heard.utterance] = (end, heard.end_of_speech)
        return SpeechEnded(
            session=self._session,
            t=end.end / SPEECH_RATE,
            channel=heard.channel,
            utterance=heard.utterance,
            start=end.start / SPEECH_RATE,
            end=end.end / SPEECH_RATE,
            reason=end.reason,
            segments=[
                SpeechSegment(start=one.start / SPEECH_RATE, end=one.end / SPEECH_RATE)
                for one in end.segments
            ],
        )

    def partial(self, partial: PartialResult, t: float) -> TranscriptPartial | None:
        """What was understood so far, at ``t``; ``None`` if that is nothing yet."""
        if not partial.text:
            return None
        return TranscriptPartial(
            session=self._session,
            t=t,
            channel=partial.channel,
            utterance=partial.utterance,
            text=partial.text,
            stable=partial.stable,
        )

    def final(self, final: FinalResult, audio: str | None) -> TranscriptFinal:
        """The transcript of an open utterance, which is closed by it, and whose time it took.

        ``audio``: where its audio is kept, if it is.
        """
        end, moments = self._open.pop(final.utterance)
        latency = split(moments, recognized_in=final.recognized_in, now=time.monotonic())
        words = [
            Word(text=word.text, start=word.start, end=word.end, confidence=word.confidence)
            for word in final.words
        ]
        return TranscriptFinal(
            session=self._session,
            t=end.end / SPEECH_RATE,
            channel=final.channel,
            utterance=final.utterance,
            text=final.text,
            start=end.start / SPEECH_RATE,
            end=end.end / SPEECH_RATE,
            engine=final.engine,
            latency_ms=round(latency.total, 3),
            engine_ms=round(latency.engine, 3),
            recognizer_ms=round(latency.recognizer, 3),
            words=words or None,
            failed=None if final.abandoned is None else final.abandoned.value,
            audio=audio,
        )
