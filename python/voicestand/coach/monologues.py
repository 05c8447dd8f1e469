"""The longest monologue: how long one speaker holds the floor.

Convention: a monologue runs from the start of the first to the end of the last of consecutive
utterances of one channel, as long as the pause before each of them is at most ``LONGEST_PAUSE``
and nobody else speaks in that pause. What a listener says while the speaker goes on ("mhm")
does not end it.
"""

from __future__ import annotations

from typing import Self

from voicestand.coach.timeline import Utterance

LONGEST_PAUSE = 3_000_000
"""Microseconds. A longer silence ends a monologue even if nobody answers."""


class Monologues:
    """The monologues of a time line that is told in order."""

    def __init__(self) -> None:
        self.longest: dict[str, int] = {}
        """Microseconds for each channel that has spoken."""
        self._current: dict[str, tuple[int, int]] = {}

    def copy(self) -> Self:
        """A twin that goes its own way."""
        twin = type(self)()
        twin.longest = dict(self.longest)
        twin._current = dict(self._current)
        return twin

    def add(self, utterance: Utterance) -> None:
        """Takes the next utterance."""
        start, end, channel = utterance[:3]
        first, last = self._current.get(channel, (start, start))
        if start > last:
            answered = any(
                until > last for other, (_, until) in self._current.items() if other != channel
            )
            if answered or start - last > LONGEST_PAUSE:
                first = start
        self._current[channel] = first, max(last, end)
        self.longest[channel] = max(self.longest.get(channel, 0), self._current[channel][1] - first)

    def held(self, channel: str) -> int:
        """The length of the monologue that ``channel`` is in; 0 if another spoke last."""
        if channel not in self._current:
            return 0
        first, last = self._current[channel]
        return last - first if all(end <= last for _, end in self._current.values()) else 0
