"""Warnings that come from the metrics: too large a share, too fast, too long without a stop.

Each warning has a hysteresis: once given, it is silent until the figure has come clearly back
behind its threshold, and then for the rest of its cool-down. So a figure that hovers never nags.
Between two warnings of any kind there is a while, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from voicestand.audio.source import SELF
from voicestand.coach.limits import Thresholds
from voicestand.coach.metrics import ConversationMetrics

RELEASE = 0.9
"""A warning can come again after its figure fell below this share of its threshold, or, where the
threshold is a least figure, rose as far above it."""
SPEECH_BEFORE_RATIO = 60_000_000
"""Microseconds of speech in the call before shares mean anything: someone has to begin."""
BETWEEN_WARNINGS = 20.0
"""Seconds of audio between any two."""


class Excess(NamedTuple):
    """A figure is beyond its threshold."""

    metric: str
    """The key in ``[thresholds]``."""
    text: str


@dataclass
class _Rule:
    metric: str
    measure: Callable[[ConversationMetrics, Thresholds], float | None]
    """None: nothing can be said yet."""
    wording: str
    """With ``{}`` for the figure."""
    least: bool = False
    """The figure should be above the threshold, not below."""
    armed: bool = True
    last: float | None = None

    def beyond(self, value: float | None, threshold: float, now: float, cooldown: float) -> bool:
        """Takes the figure as of ``now``; whether it calls for a warning."""
        if value is None or not threshold:
            return False
        released = value > threshold / RELEASE if self.least else value < RELEASE * threshold
        self.armed = self.armed or released
        rested = self.last is None or now - self.last >= cooldown
        return self.armed and rested and (value < threshold if self.least else value > threshold)

    def warn(self, now: float) -> None:
        """A warning was given."""
        self.armed = False
        self.last = now


class ThresholdWatch:
    """Watches one conversation's metrics; ``check`` after each update."""

    def __init__(self, thresholds: Thresholds) -> None:
        self.thresholds = thresholds
        """Those in force. May be set at any time, as by another stage of the call: what was warned
        of and when is not forgotten."""
        self._rules = _rules()
        self._last: float | None = None

    def check(self, metrics: ConversationMetrics, now: float) -> Excess | None:
        """The most pressing new warning, if any. ``now`` is in seconds on the audio clock."""
        limits = self.thresholds
        found: tuple[_Rule, float] | None = None
        for rule in self._rules:
            value = rule.measure(metrics, limits)
            beyond = rule.beyond(value, getattr(limits, rule.metric), now, limits.cooldown)
            if beyond and found is None and value is not None:
                found = rule, value
        if found is None or (self._last is not None and now - self._last < BETWEEN_WARNINGS):
            return None
        rule, value = found
        rule.warn(now)
        self._last = now
        return Excess(rule.metric, rule.wording.format(value))


def _rules() -> tuple[_Rule, ...]:
    """The most pressing first."""
    return (
        _Rule(
            "monologue",
            lambda metrics, _: metrics.current_monologue(SELF),
            "You have talked for {:.0f} seconds without a stop. Ask what they think.",
        ),
        _Rule(
            "interruptions",
            lambda metrics, _: metrics.current_interruptions(SELF),
            "You began {:.0f} times while they still spoke. Let them finish.",
        ),
        _Rule(
            "talk_ratio",
            _settled_ratio,
            "You hold {:.0%} of the talking. Ask an open question, then wait.",
        ),
        _Rule(
            "words_per_minute",
            lambda metrics, _: metrics.current_pace(SELF),
            "You speak {:.0f} words a minute. Slow down and pause between sentences.",
        ),
        _Rule(
            "patience",
            lambda metrics, _: metrics.current_patience(SELF),
            "You answer after {:.1f} seconds. Wait a moment: they may have more to say.",
            least=True,
        ),
        _Rule(
            "dead_air",
            lambda metrics, _: metrics.current_silence(),
            "{:.0f} seconds of silence. Say what you are doing when it takes a while.",
        ),
        _Rule(
            "open_questions",
            lambda metrics, limits: _judged(metrics, limits, metrics.open_questions(SELF)),
            "{:.0f} open questions so far. Ask one that begins with what, how or why.",
            least=True,
        ),
        _Rule(
            "questions",
            lambda metrics, limits: _judged(metrics, limits, metrics.questions(SELF)),
            "{:.0f} questions so far. Ask more about what they need.",
            least=True,
        ),
    )


def _settled_ratio(metrics: ConversationMetrics, _: Thresholds) -> float | None:
    if metrics.speech_microseconds() < SPEECH_BEFORE_RATIO:
        return None
    return metrics.talk_ratio(SELF)


def _judged(metrics: ConversationMetrics, limits: Thresholds, count: int) -> float | None:
    return count if metrics.seconds() >= limits.judged_after else None
