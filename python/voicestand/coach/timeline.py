"""The utterances in the order in which they were said, whatever the order in which they arrive.

Finals come in the order of their ends at best: "mhm" comes before the sentence it was said into.
What depends on the order (turns, monologues, silence) is computed by trackers that are told every
utterance in the order of its start; the last ``OPEN_UTTERANCES`` stay open, and one that comes late
is put in its place.
"""

from __future__ import annotations

from bisect import insort
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

OPEN_UTTERANCES = 32
"""So many of the last utterances may still be preceded by one that comes late. With two channels
and one recognizer each, a final is late by the length of the other's utterance (at most 20 s)."""


class Utterance(NamedTuple):
    """Times in microseconds; the order of the fields is the order on the time line."""

    start: int
    end: int
    channel: str
    listening: bool = False
    """It has only words of a listener: ``mhm``, ``i see``."""
    asks: bool = False
    """It has a question."""


class Tracker(Protocol):
    """Computes figures of a conversation that is told in order; constant time and size."""

    def add(self, utterance: Utterance) -> None:
        """Takes the next utterance."""

    def copy(self) -> Self:
        """A twin that goes its own way."""


T = TypeVar("T", bound=Tracker)


class Timeline(Generic[T]):
    """Tells a tracker the utterances in order, those that come late in their place.

    Within ``OPEN_UTTERANCES`` the result does not depend on the order of arrival; one that is later
    still is told after those before which it belongs. An utterance in order costs one step of the
    tracker, one that comes late at most ``OPEN_UTTERANCES`` of them.
    """

    def __init__(self, tracker: T) -> None:
        self._settled = tracker
        self.now: T = tracker.copy()
        """What all utterances so far make."""
        self._open: list[Utterance] = []

    def add(self, utterance: Utterance) -> None:
        """Takes one utterance; ``end >= start``."""
        late = bool(self._open) and utterance < self._open[-1]
        insort(self._open, utterance)
        if len(self._open) > OPEN_UTTERANCES:
            self._settled.add(self._open.pop(0))
        if not late:
            self.now.add(utterance)
            return
        self.now = self._settled.copy()
        for one in self._open:
            self.now.add(one)
