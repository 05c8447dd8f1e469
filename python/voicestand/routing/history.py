"""What a provider lately did: quantiles of its latency, and how often it succeeded."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

SIZE = 64
"""Outcomes remembered: sorting them for a quantile takes microseconds."""

SECONDS = 300.0
"""Older ones are forgotten: a provider that was slow gets another chance."""

BLAME_SECONDS = 60.0
"""Failures are forgotten sooner: most are over in a minute."""


class Outcome(NamedTuple):
    """How one attempt went."""

    at: float
    """When it ended."""
    seconds: float | None
    """How long the answer took, or would have taken at least; None: the attempt does not tell."""
    success: bool | None
    """None: it was given up before anybody could know."""


class History:
    """The latest outcomes. Times in seconds, of any clock that never goes back."""

    def __init__(self, size: int = SIZE, seconds: float = SECONDS) -> None:
        self._outcomes: deque[Outcome] = deque(maxlen=size)
        self._seconds = seconds

    def add(self, outcome: Outcome) -> None:
        """The next one, not older than the last."""
        self._outcomes.append(outcome)

    def quantile(self, q: float, now: float, *, least: int = 0) -> float | None:
        """The nearest-rank quantile of the latencies; None where fewer than ``least`` answered.

        Of an attempt without an answer the least that it would have taken counts, where that is
        more than most answers took: what was given up early tells nothing.
        """
        self._forget(now)
        timed = [(one.seconds, one.success) for one in self._outcomes if one.seconds is not None]
        answers = sorted(seconds for seconds, success in timed if success)
        middle = answers[(len(answers) - 1) // 2] if answers else 0.0
        known = sorted(seconds for seconds, success in timed if success or seconds >= middle)
        if not known or len(answers) < least:
            return None
        return known[max(0, math.ceil(q * len(known)) - 1)]

    def success(self, now: float) -> float:
        """The share of successes in the last minute, as if one more had succeeded.

        1 where nothing is known.
        """
        known = [
            one.success
            for one in self._outcomes
            if one.success is not None and now - one.at <= BLAME_SECONDS
        ]
        return (sum(known) + 1) / (len(known) + 1)

    def _forget(self, now: float) -> None:
        while self._outcomes and now - self._outcomes[0].at > self._seconds:
            self._outcomes.popleft()
