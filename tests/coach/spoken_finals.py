"""Finals for the coach's tests, made by hand."""

from __future__ import annotations

from voicestand.events import TranscriptFinal


def final(
    channel: str, start: float, end: float, text: str, utterance: str = "u"
) -> TranscriptFinal:
    """One utterance; the fields a coach does not look at have fixed values."""
    return TranscriptFinal(
        session="test",
        t=end,
        channel=channel,
        utterance=utterance,
        text=text,
        start=start,
        end=end,
        engine="none",
        latency_ms=0.0,
        engine_ms=0.0,
        recognizer_ms=0.0,
    )
