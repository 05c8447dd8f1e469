"""Warnings that come from the metrics: too large a share, too fast, too long without a stop.

Each warning has a hysteresis: once given, it is silent until the figure has fallen clearly below
its threshold, and then for the rest of its cool-down. So a figure that hovers never nags.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from voicestand.coach.limits import Thresholds
from voicestand.coach.metrics import ConversationMetrics

WATCHED = "self"
"""Advice is for the person at this computer."""
RELEASE = 0.9
"""A warning can come again after its figure fell below this share of its threshold."""
SPEECH_BEFORE_RATIO = 60_000_000
"""Microseconds of speech in the call before shares mean anything: someone has to begin."""


class Excess(NamedTuple):
    """A figure is above its threshold."""

    metric: str
    """The key in ``[thresholds]``."""
    text: str


@dataclass
class _Rule:
    metric: str
    threshold: float
    measure: Callable[[ConversationMetrics], float]
    wording: str
    """With ``{}`` for the figure."""
    armed: bool = True
    last: float | None = None

    def exceeded(self, value: float, now: float, cooldown: float) -> bool:
        """Takes the figure as of ``now``; whether to warn."""
        if value < RELEASE * self.threshold:
            self.armed = True
        rested = self.last is None or now - self.last >= cooldown
        if not (self.armed and rested and self.threshold and value > self.threshold):
            return False
        self.armed = False
        self.last = now
        return True


class ThresholdWatch:
    """Watches one conversation's metrics; ``check`` after each update."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._cooldown = thresholds.cooldown
        self._rules = (
            _Rule(
                "monologue",
                thresholds.monologue,
                lambda metrics: metrics.current_monologue(WATCHED),
                "You have talked for {:.0f} seconds without a stop. Ask what they think.",
            ),
            _Rule(
                "talk_ratio",
                thresholds.talk_ratio,
                _settled_ratio,
                "You hold {:.0%} of the talking. Ask an open question, then wait.",
            ),
            _Rule(
                "words_per_minute",
                thresholds.words_per_minute,
                lambda metrics: metrics.current_pace(WATCHED),
                "You speak {:.0f} words a minute. Slow down and pause between sentences.",
            ),
        )

    def check(self, metrics: ConversationMetrics, now: float) -> Excess | None:
        """The most pressing new warning, if any. ``now`` is in seconds on the audio clock."""
        for rule in self._rules:
            value = rule.measure(metrics)
            if rule.exceeded(value, now, self._cooldown):
                return Excess(rule.metric, rule.wording.format(value))
        return None


def _settled_ratio(metrics: ConversationMetrics) -> float:
    if metrics.speech_microseconds() < SPEECH_BEFORE_RATIO:
        return 0.0
    return metrics.talk_ratio(WATCHED)
