"""The circuit breaker: a provider that fails is left alone for a while (Nygard, *Release It!*)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum

WINDOW = 10
"""Outcomes looked at."""

FAILURES = 5
"""So many of them open the breaker."""

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 60.0
"""Seconds; each probe that fails doubles the pause."""


class State(Enum):
    """Of a breaker."""

    CLOSED = "closed"
    """Requests pass."""
    OPEN = "open"
    """None does."""
    HALF_OPEN = "half-open"
    """One is on its way to find out."""


class Permit:
    """Leave for one request. What it led to is told to the breaker once."""

    __slots__ = ("period",)

    def __init__(self, period: int) -> None:
        self.period = period


class CircuitBreaker:
    """Its time is what it is given as ``now``: seconds of any clock that never goes back.

    What requests of an earlier period report, those under way when it opened, changes nothing.
    """

    def __init__(self, jitter: Callable[[], float] = lambda: 1.0) -> None:
        """``jitter`` gives factors of the pauses, so that not all come back at once."""
        self._jitter = jitter
        self._recent: deque[bool] = deque(maxlen=WINDOW)
        self._state = State.CLOSED
        self._period = 0
        self._pauses = 0
        self._probe_at = 0.0

    @property
    def state(self) -> State:
        """Open also when a probe is due, until one is on its way."""
        return self._state

    def admits_at(self, now: float) -> float:
        """From when on a request may pass: ``now``, later, or never as far as is known (inf)."""
        match self._state:
            case State.CLOSED:
                return now
            case State.OPEN:
                return max(now, self._probe_at)
            case State.HALF_OPEN:
                return float("inf")

    def admit(self, now: float) -> Permit:
        """Leave for a request. Raises ``ValueError`` where none is given now."""
        if self.admits_at(now) > now:
            raise ValueError("the breaker is open")
        if self._state is State.OPEN:
            self._enter(State.HALF_OPEN)
        return Permit(self._period)

    def succeeded(self, permit: Permit) -> None:
        """The request was answered."""
        if permit.period != self._period:
            return
        if self._state is State.HALF_OPEN:
            self._pauses = 0
            self._enter(State.CLOSED)
        self._recent.append(True)

    def failed(self, permit: Permit, now: float, *, hopeless: bool = False) -> None:
        """It was not; ``hopeless``: nor will the next ones be."""
        if permit.period != self._period:
            return
        self._recent.append(False)
        failures = self._recent.count(False)
        if hopeless or self._state is State.HALF_OPEN or failures >= FAILURES:
            self._open(now)

    def abandoned(self, permit: Permit, now: float) -> None:
        """Nobody will know: a probe is due again at once."""
        if permit.period == self._period and self._state is State.HALF_OPEN:
            self._probe_at = now
            self._enter(State.OPEN)

    def _open(self, now: float) -> None:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**self._pauses)
        self._pauses += 1
        self._probe_at = now + pause * self._jitter()
        self._enter(State.OPEN)

    def _enter(self, state: State) -> None:
        self._state = state
        self._period += 1
        self._recent.clear()
