"""The utterances whose final is still owed: what the worker must be told, and what it did to them.

Pure bookkeeping without threads, clocks or processes. The rule it keeps: every utterance that was
begun and ended leaves exactly once, in the order in which they began, whatever happens to workers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from voicestand.speech.messages import Advance, Begin, Command, Drop, End, Final

CRASH_LIMIT = 3
"""Workers that an utterance may crash or hang before it is given up."""

KILL_LIMIT = 20
"""Workers that may be killed from outside (by a user, by the kernel for want of memory) while they
hear one utterance. Not the utterance's fault: hence far more than crashes."""


class Death(Enum):
    """Why a worker is no more."""

    CRASHED = "crashed"
    """It exited by itself, or by a signal other than SIGKILL."""
    HUNG = "hung"
    """It had work, said nothing, and was killed for it by its supervisor."""
    KILLED = "killed"
    """Somebody else sent it SIGKILL."""


class Abandoned(Enum):
    """Why an utterance is not recognized to its end."""

    GAVE_UP = "gave-up"
    """It cost too many workers."""
    OVERRUN = "overrun"
    """Its audio had to make room for newer audio."""
    UNAVAILABLE = "unavailable"
    """No worker could be started."""


@dataclass
class Utterance:
    """One utterance that was begun."""

    name: str
    start: int
    """Absolute sample index."""
    end: int | None = None
    """None while it goes on."""
    asked: float = 0.0
    """When the end was known, seconds of the monotonic clock."""
    partial: str = ""
    """What was believed last."""
    position: int = 0
    """Up to where the present worker heard it."""
    abandoned: Abandoned | None = None
    crashes: int = 0
    kills: int = 0
    assured: int | None = None
    """Its audio lasts at least until here: the worker may hear so far before the end is known."""
    told_begin: bool = False
    told_end: bool = False


class Settled(NamedTuple):
    """An utterance that leaves."""

    utterance: Utterance
    final: Final | None
    """None where it leaves without the recognizer's word."""


class Pending:
    """Owed utterances of one channel, oldest first; only the last may still go on."""

    def __init__(self) -> None:
        self._owed: list[Utterance] = []
        self._drops: list[str] = []
        self._told_head = 0

    def __len__(self) -> int:
        return len(self._owed)

    def begin(self, name: str, start: int, assured: int | None = None) -> None:
        """An utterance begins at sample ``start``. Raises ``ValueError`` if one goes on already."""
        if self._owed and self._owed[-1].end is None:
            raise ValueError(f"utterance {self._owed[-1].name!r} has not ended")
        self._owed.append(Utterance(name=name, start=start, position=start, assured=assured))

    def assure(self, until: int) -> None:
        """The utterance that goes on, if one does, lasts at least until sample ``until``."""
        if self._owed and self._owed[-1].end is None:
            self._owed[-1].assured = until

    def end(self, name: str, end: int, asked: float) -> None:
        """The utterance ends before sample ``end``. Raises ``ValueError`` if it does not go on."""
        if not self._owed or self._owed[-1].name != name or self._owed[-1].end is not None:
            raise ValueError(f"utterance {name!r} does not go on")
        last = self._owed[-1]
        last.end = max(end, last.start)
        last.asked = asked

    def oldest_needed(self) -> int | None:
        """The oldest sample that some worker may still have to hear; None if there is none."""
        return next((u.start for u in self._wanted()), None)

    def commands(self, head: int) -> list[Command]:
        """What the present worker does not know yet; the log can be read up to ``head``."""
        commands: list[Command] = [Drop(name) for name in self._drops]
        self._drops.clear()
        fresh = False
        for utterance in self._wanted():
            if not utterance.told_begin:
                utterance.told_begin = True
                commands.append(Begin(utterance.name, utterance.start))
            if utterance.end is None:
                if utterance.assured is not None:
                    head = min(head, utterance.assured)
                fresh = head > max(self._told_head, utterance.start)
            elif not utterance.told_end:
                utterance.told_end = True
                commands.append(End(utterance.name, utterance.end, utterance.asked))
        if fresh:
            self._told_head = head
            commands.append(Advance(head))
        return commands

    def unheard(self, head: int) -> int:
        """Samples of the utterances that nobody has heard; there is audio up to ``head``."""
        return sum(
            max(0, (head if one.end is None else one.end) - one.position) for one in self._wanted()
        )

    def busy(self) -> bool:
        """Whether the worker, as far as it was told, has something left to do."""
        first = next(self._wanted(), None)
        if first is None or not first.told_begin:
            return False
        return first.told_end or self._told_head > first.position

    def progress(self, name: str, position: int) -> None:
        """The worker heard the utterance up to sample ``position``."""
        for utterance in self._wanted():
            if utterance.name == name:
                utterance.position = position

    def partial(self, name: str, text: str) -> bool:
        """The worker's belief so far; False where nobody waits for it."""
        for utterance in self._wanted():
            if utterance.name == name:
                utterance.partial = text
                return True
        return False

    def final(self, final: Final) -> list[Settled]:
        """The worker's last word on an utterance; what leaves because of it, in order.

        A word on anything but the oldest wanted utterance, or on one that goes on, counts as
        nothing.
        """
        first = next(self._wanted(), None)
        if first is None or first.name != final.utterance or not first.told_end:
            return []
        settled = []
        while (utterance := self._owed.pop(0)) is not first:
            settled.append(Settled(utterance, None))
        return [*settled, Settled(first, final), *self.take_abandoned()]

    def take_abandoned(self) -> list[Settled]:
        """The abandoned utterances that ended and that no older one holds back."""
        settled = []
        while self._owed and self._owed[0].abandoned and self._owed[0].end is not None:
            settled.append(Settled(self._owed.pop(0), None))
        return settled

    def take_ended(self) -> list[Settled]:
        """Every utterance that ended, for when there is no worker to wait for."""
        settled = []
        while self._owed and self._owed[0].end is not None:
            utterance = self._owed.pop(0)
            utterance.abandoned = utterance.abandoned or Abandoned.UNAVAILABLE
            settled.append(Settled(utterance, None))
        return settled

    def overrun(self) -> Utterance | None:
        """Abandons the oldest wanted utterance, to make room for audio; None if there is none."""
        return self._abandon(next(self._wanted(), None), Abandoned.OVERRUN)

    def died(self, death: Death) -> Utterance | None:
        """The worker is no more: the next one must be told everything again.

        The utterance that was being heard is blamed. Returns it if that was once too often, and it
        is given up.
        """
        first = next(self._wanted(), None)
        blamed = first if first is not None and first.told_begin and self.busy() else None
        self.replaced()
        if blamed is None:
            return None
        if death is Death.KILLED:
            blamed.kills += 1
        else:
            blamed.crashes += 1
        if blamed.crashes < CRASH_LIMIT and blamed.kills < KILL_LIMIT:
            return None
        return self._abandon(blamed, Abandoned.GAVE_UP)

    def replaced(self) -> None:
        """Another worker follows, nobody's fault: it must be told everything again."""
        self._told_head = 0
        self._drops.clear()
        for utterance in self._owed:
            utterance.told_begin = utterance.told_end = False
            utterance.position = utterance.start

    def _wanted(self) -> Iterator[Utterance]:
        return (utterance for utterance in self._owed if utterance.abandoned is None)

    def _abandon(self, utterance: Utterance | None, reason: Abandoned) -> Utterance | None:
        if utterance is not None:
            utterance.abandoned = reason
            if utterance.told_begin:
                self._drops.append(utterance.name)
        return utterance
