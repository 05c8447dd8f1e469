"""Turns: who speaks after whom, how soon, and who begins while another still speaks.

Conventions (docs/coaching.md has them with their sources): back-channel is no turn. A beginning in
the last ``MARGIN`` of what another says is turn-taking, not an interruption: listeners foresee the
end. Nor is taking the floor back from somebody who took it.
"""

from __future__ import annotations

from collections import deque
from typing import Self

from voicestand.coach.pauses import DEAD_AIR
from voicestand.coach.timeline import Utterance

MARGIN = 500_000
"""Microseconds. Ends and beginnings closer than this touch: the estimated times are true within
0.1 s, and the gaps of conversation are of the order of 0.2 s (Levinson and Torreira, Timing in
turn-taking, 2015)."""
RECENT_ANSWERS = 10
"""Over so many answers the current patience is measured."""
RECENT_INTERRUPTIONS = 32
"""So many are remembered with their time."""


class Turns:
    """The turns of a time line that is told in order; constant time and size; microseconds."""

    def __init__(self) -> None:
        self.taken: dict[str, int] = {}
        """Turns of each channel."""
        self.backchannels: dict[str, int] = {}
        self.interruptions: dict[str, int] = {}
        """Utterances of others into which each channel began."""
        self.waited: dict[str, tuple[int, int]] = {}
        """Sum of the pauses before a channel's answers, and their number."""
        self.crosstalk = 0
        self._holder: Utterance | None = None
        self._last: dict[str, Utterance] = {}
        self._spent: dict[str, frozenset[str]] = {}
        """By channel: who cannot interrupt its last utterance, or has already."""
        self._answers: dict[str, deque[int]] = {}
        self._begun_into: dict[str, deque[int]] = {}

    def copy(self) -> Self:
        """A twin that goes its own way."""
        twin = type(self)()
        twin.taken = dict(self.taken)
        twin.backchannels = dict(self.backchannels)
        twin.interruptions = dict(self.interruptions)
        twin.waited = dict(self.waited)
        twin.crosstalk = self.crosstalk
        twin._holder = self._holder
        twin._last = dict(self._last)
        twin._spent = dict(self._spent)
        twin._answers = {one: times.copy() for one, times in self._answers.items()}
        twin._begun_into = {one: times.copy() for one, times in self._begun_into.items()}
        return twin

    @property
    def changes(self) -> int:
        """How often the turn went from one to another."""
        return max(0, sum(self.taken.values()) - 1)

    def recent_answers(self, channel: str) -> deque[int]:
        """The pauses before the latest answers of ``channel``."""
        return self._answers.get(channel, deque())

    def begun_into(self, channel: str) -> deque[int]:
        """When ``channel`` last began while another spoke."""
        return self._begun_into.get(channel, deque())

    def add(self, utterance: Utterance) -> None:
        """Takes the next utterance."""
        channel = utterance.channel
        if utterance.listening and not self._answered_by(utterance):
            self.backchannels[channel] = self.backchannels.get(channel, 0) + 1
            return
        if self._holder is None or self._holder.channel != channel:
            self.taken[channel] = self.taken.get(channel, 0) + 1
            self._wait_before(utterance)
        self._begin(utterance)
        self._overlap(utterance)
        self._holder = utterance
        own = self._last.get(channel)
        if own is None or utterance.end >= own.end:
            self._last[channel] = utterance
            self._spent[channel] = frozenset(
                other
                for other, last in self._last.items()
                if other != channel and last.end > utterance.start
            )

    def _answered_by(self, utterance: Utterance) -> bool:
        """Whether it follows a question of another, and so says something."""
        asked = self._holder
        return (
            asked is not None
            and asked.asks
            and asked.channel != utterance.channel
            and utterance.start > asked.end - MARGIN
        )

    def _wait_before(self, utterance: Utterance) -> None:
        channel = utterance.channel
        others = [last.end for other, last in self._last.items() if other != channel]
        own = self._last.get(channel)
        if not others or (own is not None and own.end > max(others)):
            return
        pause = utterance.start - max(others)
        if not 0 <= pause <= DEAD_AIR:
            return
        total, count = self.waited.get(channel, (0, 0))
        self.waited[channel] = total + pause, count + 1
        self._answers.setdefault(channel, deque(maxlen=RECENT_ANSWERS)).append(pause)

    def _begin(self, utterance: Utterance) -> None:
        channel, start = utterance.channel, utterance.start
        for other, last in self._last.items():
            if other == channel or channel in self._spent[other]:
                continue
            if last.start + MARGIN <= start <= last.end - MARGIN:
                self.interruptions[channel] = self.interruptions.get(channel, 0) + 1
                self._spent[other] |= {channel}
                times = self._begun_into.setdefault(channel, deque(maxlen=RECENT_INTERRUPTIONS))
                times.append(start)

    def _overlap(self, utterance: Utterance) -> None:
        """Adds the time in which others speak too, what was added for them before excepted."""
        own = self._last.get(utterance.channel)
        start = max(utterance.start, own.end) if own else utterance.start
        others = sorted(
            last.end for channel, last in self._last.items() if channel != utterance.channel
        )
        if len(others) > 1:
            start = max(start, others[-2])
        if others:
            self.crosstalk += max(0, min(utterance.end, others[-1]) - start)
