"""The longest monologue: how long one speaker holds the floor.

Convention: a monologue runs from the start of the first to the end of the last of consecutive
utterances of one channel, as long as the pause before each of them is at most ``LONGEST_PAUSE``
and nobody else speaks in that pause. What a listener says while the speaker goes on ("mhm")
does not end it.
"""

from __future__ import annotations

from bisect import insort
from typing import NamedTuple

LONGEST_PAUSE = 3_000_000
"""Microseconds. A longer silence ends a monologue even if nobody answers."""
OPEN_UTTERANCES = 32
"""So many of the last utterances may still be joined by one that comes late. With two channels and
one recognizer each, a final is late by the length of the other's utterance (at most 20 s)."""


class _Utterance(NamedTuple):
    """Times in microseconds; the order of the fields is the order on the time line."""

    start: int
    end: int
    channel: str


class _Floor:
    """The monologues of a time line that is told in order; constant time and size."""

    def __init__(self) -> None:
        self.longest: dict[str, int] = {}
        self.current: dict[str, tuple[int, int]] = {}

    def copy(self) -> _Floor:
        twin = _Floor()
        twin.longest = dict(self.longest)
        twin.current = dict(self.current)
        return twin

    def add(self, utterance: _Utterance) -> None:
        start, end, channel = utterance
        first, last = self.current.get(channel, (start, start))
        paused = start > last
        answered = any(
            until > last for other, (_, until) in self.current.items() if other != channel
        )
        if paused and (answered or start - last > LONGEST_PAUSE):
            first = start
        self.current[channel] = first, max(last, end)
        self.longest[channel] = max(self.longest.get(channel, 0), self.current[channel][1] - first)

    def held(self, channel: str) -> int:
        """The length of the monologue that ``channel`` is in; 0 if another spoke last."""
        if channel not in self.current:
            return 0
        first, last = self.current[channel]
        return last - first if all(end <= last for _, end in self.current.values()) else 0


class Monologues:
    """The monologues so far, for utterances that may come up to 32 utterances late.

    Within that bound the result does not depend on the order of arrival.
    """

    def __init__(self) -> None:
        self._settled = _Floor()
        self._open: list[_Utterance] = []

    def add(self, channel: str, start: int, end: int) -> None:
        """Takes one utterance, in microseconds; ``end >= start``."""
        insort(self._open, _Utterance(start, end, channel))
        if len(self._open) > OPEN_UTTERANCES:
            self._settled.add(self._open.pop(0))

    def longest(self) -> dict[str, int]:
        """Microseconds for each channel that has spoken."""
        return self._now().longest

    def held(self, channel: str) -> int:
        """Microseconds for which ``channel`` has held the floor; 0 if another spoke last."""
        return self._now().held(channel)

    def _now(self) -> _Floor:
        floor = self._settled.copy()
        for utterance in self._open:
            floor.add(utterance)
        return floor
