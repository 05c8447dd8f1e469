"""In which stage a conversation is, and how sure that is.

The forward filter of a hidden Markov model (L. Rabiner, "A Tutorial on Hidden Markov Models", Proc.
IEEE 77(2), 1989): the stages are the states, their order in the playbook is the likely way through
them, and what an utterance holds of a stage's cues is the evidence. A stage is the likelier to end
the longer it has lasted: its length has a Weibull distribution of shape 2 around the usual one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voicestand.coach.playbook_schema import Stage

FORWARD = 0.92
"""Of the changes, those to the next stage; skipping one and going back are rare."""
SKIP = 0.05
HAZARD = math.pi / 2
"""Of that distribution, for a mean length of 1: how its hazard grows."""
LEAST_HAZARD, MOST_HAZARD = 0.02, 0.5
CUE_WEIGHT = 1.2
"""Natural logarithm of the evidence of a typical cue."""
MOST_WEIGHT = 3.5
"""Of the cues of one utterance together: none proves a stage by itself."""
TYPICAL_CUE = 12.0
"""The score of a phrase of two or three words; longer cues weigh more, shorter ones less."""
ENTER = 0.4
"""A stage is entered when it is so likely ..."""
LEAD = 0.2
"""... and so much likelier than the one that is to be left ..."""
SURE = 0.5
"""... twice in a row, or at once if it is so likely."""


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

    def __init__(self, stages: Sequence[Stage]) -> None:
        """``stages``: at least one, in their usual order; conversations begin in the first."""
        self._names = [stage.id for stage in stages]
        self._usual = [stage.utterances for stage in stages]
        self._moves = [_moves(at, len(stages)) for at in range(len(stages))]
        self._likely = [1.0, *[0.0] * (len(stages) - 1)]
        self._lasted = [0.0] * len(stages)
        """Utterances in each stage so far, if it is that, on average."""
        self._current = 0
        self._since = 0.0
        self._candidate: int | None = None
        """What the latest utterance spoke for, but not enough."""

    def update(self, cues: Mapping[str, float], now: float) -> StageState:
        """Takes the scores of the cues in one utterance that ended at ``now``."""
        self._move_on()
        likely = [
            before * _evidence(cues.get(name, 0.0))
            for before, name in zip(self._likely, self._names, strict=True)
        ]
        whole = sum(likely)
        self._likely = [one / whole for one in likely]
        best = max(range(len(likely)), key=self._likely.__getitem__)
        lead = self._likely[best] - self._likely[self._current]
        if self._likely[best] < ENTER or lead < LEAD:
            self._candidate = None
        elif self._likely[best] >= SURE or self._candidate == best:
            self._current, self._since, self._candidate = best, now, None
        else:
            self._candidate = best
        return self.state()

    def _move_on(self) -> None:
        """What the next utterance may be in, before it is heard."""
        leaving = [
            min(MOST_HAZARD, max(LEAST_HAZARD, HAZARD * (lasted + 1) / usual**2))
            for lasted, usual in zip(self._lasted, self._usual, strict=True)
        ]
        stays = [one * (1 - gone) for one, gone in zip(self._likely, leaving, strict=True)]
        goes = [one * gone for one, gone in zip(self._likely, leaving, strict=True)]
        for at, stay in enumerate(stays):
            comes = sum(gone * moves[at] for gone, moves in zip(goes, self._moves, strict=True))
            self._likely[at] = stay + comes
            self._lasted[at] = stay * (self._lasted[at] + 1) / (stay + comes) if stay else 0.0

    def resume(self, state: StageState) -> None:
        """Goes on from a state of before, if there is that stage."""
        if state.stage in self._names:
            self._current = self._names.index(state.stage)
            self._since = state.since
            self._likely = [float(name == state.stage) for name in self._names]

    def state(self) -> StageState:
        """As of the latest utterance."""
        at = self._current
        return StageState(self._names[at], self._likely[at], self._since)

    def likelihood(self, stages: Sequence[str]) -> float:
        """The probability that the conversation is in one of ``stages``."""
        return sum(
            likely for name, likely in zip(self._names, self._likely, strict=True) if name in stages
        )


def _evidence(score: float) -> float:
    """How much likelier a stage becomes by cues of this score."""
    return math.exp(min(MOST_WEIGHT, CUE_WEIGHT * math.sqrt(score / TYPICAL_CUE)))


def _moves(at: int, count: int) -> list[float]:
    """The chance of each stage after ``at``, when that is left; a single stage stays."""
    if count == 1:
        return [1.0]
    back = 1 - FORWARD - SKIP
    shares = [
        FORWARD
        if to == at + 1
        else SKIP / (count - at - 2)
        if to > at
        else back / at
        if to < at
        else 0.0
        for to in range(count)
    ]
    whole = sum(shares)
    return [share / whole for share in shares]
