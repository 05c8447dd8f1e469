"""From the end of speech to its transcript: which part of the time was whose."""

from __future__ import annotations

import msgspec


class EndOfSpeech(msgspec.Struct, frozen=True, kw_only=True):
    """The moments around the end of one utterance, seconds of ``time.monotonic()``."""

    spoken: float
    """The last frame of speech was converted."""
    decidable: float
    """The last frame was converted that the endpointer needed to know."""


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds; ``total = engine + recognizer`` + the silence that had to be awaited."""

    total: float
    engine: float
    recognizer: float


def split(end: EndOfSpeech, *, recognized_in: float, now: float) -> Latency:
    """Shares of the time from ``end`` to ``now``; the recognizer took ``recognized_in`` seconds.

    The awaited silence is no delay of the engine: no listener could know earlier. Audio that came
    faster than real time (a file at maximum pace) makes all of it small, never negative.
    """
    total = max(0.0, now - end.spoken)
    awaited = min(total, max(0.0, end.decidable - end.spoken))
    recognizer = min(total - awaited, max(0.0, recognized_in))
    engine = total - awaited - recognizer
    return Latency(total=1e3 * total, engine=1e3 * engine, recognizer=1e3 * recognizer)
