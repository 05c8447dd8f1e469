"""The spans of speech on a live channel, as they come: pauses within an utterance count."""

from __future__ import annotations

import msgspec

from voicestand.config import VadSettings
from voicestand.vad.windows import HOP, LATENESS, PAUSE, SAMPLE_RATE, samples


class Span(msgspec.Struct, frozen=True):
    """Speech from sample ``start`` up to ``end``, at 16 kHz on the channel's clock."""

    start: int
    end: int


class SegmentTracker:
    """What :func:`voicestand.vad.segments.speech_segments` finds, from one probability at a time.

    The same rules and the same boundaries: a boundary is where the probability, linear between the
    middles of windows, crosses ``onset``. It is known 64 ms later; that a segment has ended for
    good, ``PAUSE`` after that.
    """

    def __init__(self, settings: VadSettings) -> None:
        self._onset = settings.onset
        self._release = settings.release
        self._shortest = settings.min_speech * SAMPLE_RATE
        self._pause = samples(PAUSE)
        self._middle = HOP / 2 - LATENESS - HOP
        """Where on the clock the latest probability stands."""
        self._value = 0.0
        self._weakest = 0.0
        """The least probability since the speech last paused."""
        self._start: float | None = None
        """Of the segment that has not ended for good."""
        self._end: float | None = None
        """Of that segment, while it pauses."""
        self._ended: list[Span] = []

    def feed(self, probability: float) -> None:
        """Takes the probability of the next window."""
        before, self._value = self._value, probability
        self._middle += HOP
        speech, spoke = probability >= self._onset, self._start is not None and self._end is None
        if speech and not spoke:
            self._begin(max(0.0, self._crossing(before)))
        elif spoke and not speech:
            self._end = self._crossing(before)
            self._weakest = probability
        elif not speech and self._end is not None:
            self._weakest = min(self._weakest, probability)
        if self._end is not None and self._parted(self._middle):
            self._close()

    def finish(self, length: int) -> None:
        """The audio ended at sample ``length``."""
        if self._start is not None:
            self._end = min(float(length), length if self._end is None else self._end)
            self._close()

    def complete(self) -> list[Span]:
        """The segments that have ended for good, each told once."""
        ended, self._ended = self._ended, []
        return ended

    def take(self, start: int, end: int) -> tuple[Span, ...]:
        """The speech within ``[start, end)``, known now or never; what was before is forgotten."""
        found = [Span(max(one.start, start), min(one.end, end)) for one in self._ended]
        if self._start is not None and self._start < end:
            until = end if self._end is None else min(round(self._end), end)
            found.append(Span(max(round(self._start), start), until))
            if self._end is not None and self._end <= end:
                self._start = self._end = None
            else:
                self._start = float(end)
        self._ended = [Span(end, one.end) for one in self._ended if one.end > end]
        return tuple(one for one in found if one.start < one.end)

    def _begin(self, start: float) -> None:
        if self._end is not None and self._parted(start):
            self._close()
        if self._start is None:
            self._start = start
        self._end = None

    def _parted(self, until: float) -> bool:
        """Whether a pause up to there parts two segments."""
        assert self._end is not None
        return until - self._end >= self._pause and self._weakest < self._release

    def _close(self) -> None:
        start, end = self._start, self._end
        self._start = self._end = None
        if start is not None and end is not None and end > start and end - start >= self._shortest:
            self._ended.append(Span(round(start), round(end)))

    def _crossing(self, before: float) -> float:
        """Where the probability met ``onset`` between the last window and this one."""
        share = (self._onset - before) / (self._value - before)
        return self._middle - HOP + share * HOP
