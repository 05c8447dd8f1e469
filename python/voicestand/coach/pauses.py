"""Dead air: silence of all that is too long to be thought.

Contact centres call 5 to 10 s dead air. What comes before the first word and after the last is
not counted: a call that has not begun or is over has no silence.
"""

from __future__ import annotations

from typing import Self

from voicestand.coach.timeline import Utterance

DEAD_AIR = 5_000_000
"""Microseconds. Longer silence of all counts as dead air, with its whole length."""
LONGEST_DEAD_AIR = 120_000_000
"""Microseconds. A longer silence is a break: nobody waits for words, and it is no part of the
call."""


class Pauses:
    """The silences of a time line that is told in order; microseconds."""

    def __init__(self) -> None:
        self.began: int | None = None
        """The start of the first utterance."""
        self.until = 0
        """The end of the last."""
        self.breaks = 0
        self.dead_air = 0
        self.dead_airs = 0
        self.longest = 0
        """The longest silence that is no break, dead air or not."""
        self.latest = 0
        """The silence before the latest words; 0 if somebody still spoke."""

    def copy(self) -> Self:
        """A twin that goes its own way."""
        twin = type(self)()
        twin.__dict__.update(self.__dict__)
        return twin

    def add(self, utterance: Utterance) -> None:
        """Takes the next utterance."""
        start, end = utterance[:2]
        if self.began is None:
            self.began = start
            self.until = end
            return
        self.latest = max(0, start - self.until)
        if self.latest > LONGEST_DEAD_AIR:
            self.breaks += self.latest
            self.latest = 0
        elif self.latest > DEAD_AIR:
            self.dead_air += self.latest
            self.dead_airs += 1
        self.longest = max(self.longest, self.latest)
        self.began = min(self.began, start)
        self.until = max(self.until, end)

    @property
    def span(self) -> int:
        """From the first word to the last, without the breaks."""
        return 0 if self.began is None else self.until - self.began - self.breaks
