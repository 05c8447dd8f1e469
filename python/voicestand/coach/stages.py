"""In which stage a conversation is, and how sure that is.

A hidden Markov model's forward filter (L. Rabiner, "A Tutorial on Hidden Markov Models", Proc. IEEE
77(2), 1989): the stages are the states, with the usual order as the likely way through them, and
what an utterance holds of a stage's cues is the evidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STAY = 0.93
"""The chance that the next utterance is in the same stage."""
FORWARD = 0.7
"""Of the changes, those to the next stage; skipping one and going back are rarer each."""
SKIP = 0.2
CUE_WEIGHT = 1.2
"""Natural logarithm of the evidence of one cue."""
MOST_WEIGHT = 3.0
"""Of the cues of one utterance together: none proves a stage by itself."""
TYPICAL_CUE = 12.0
"""The score of a phrase of two or three words; longer cues weigh more, shorter ones less."""
ENTER = 0.5
"""A stage is entered when it is at least as likely as all others together ..."""
LEAD = 0.2
"""... and so much likelier than the one that is to be left."""


@dataclass(frozen=True)
class StageState:
    """The stage that a conversation is in."""

    stage: str
    confidence: float
    """Its probability, 0 to 1."""
    since: float
    """Seconds on the audio clock: the end of the utterance that showed it."""


class StageTracker:
    """Follows one conversation through its stages."""

    def __init__(self, stages: Sequence[str]) -> None:
        """``stages``: at least one, in their usual order; conversations begin in the first."""
        self._stages = tuple(stages)
        count = len(self._stages)
        self._likely = [1.0, *[0.0] * (count - 1)]
        self._moves = [_moves(at, count) for at in range(count)]
        self._current = 0
        self._since = 0.0

    def update(self, cues: Mapping[str, float], now: float) -> StageState:
        """Takes the scores of the cues in one utterance that ended at ``now``."""
        count = len(self._stages)
        weights = [_weight(cues.get(stage, 0.0)) for stage in self._stages]
        likely = [
            sum(self._likely[before] * self._moves[before][at] for before in range(count))
            * weights[at]
            for at in range(count)
        ]
        whole = sum(likely)
        self._likely = [one / whole for one in likely]
        best = max(range(count), key=self._likely.__getitem__)
        if self._likely[best] >= ENTER and self._likely[best] >= self._likely[self._current] + LEAD:
            self._current, self._since = best, now
        return self.state()

    def resume(self, state: StageState) -> None:
        """Goes on from a state of before, if there is that stage."""
        if state.stage in self._stages:
            self._current = self._stages.index(state.stage)
            self._since = state.since
            self._likely = [float(stage == state.stage) for stage in self._stages]

    def state(self) -> StageState:
        """As of the latest utterance."""
        at = self._current
        return StageState(self._stages[at], self._likely[at], self._since)

    def likelihood(self, stages: Sequence[str]) -> float:
        """The probability that the conversation is in one of ``stages``."""
        return sum(
            likely
            for stage, likely in zip(self._stages, self._likely, strict=True)
            if stage in stages
        )


def _weight(score: float) -> float:
    return math.exp(min(MOST_WEIGHT, CUE_WEIGHT * math.sqrt(score / TYPICAL_CUE)))


def _moves(at: int, count: int) -> list[float]:
    """The chance of each stage after stage ``at``."""
    if count == 1:
        return [1.0]
    shares = [
        0.0
        if to == at
        else FORWARD
        if to == at + 1
        else SKIP / max(1, count - at - 2)
        if to > at
        else (1 - FORWARD - SKIP) / at
        for to in range(count)
    ]
    whole = sum(shares)
    return [STAY if to == at else (1 - STAY) * share / whole for to, share in enumerate(shares)]
