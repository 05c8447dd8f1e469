"""What a conversation is held against: the thresholds and their defaults. docs/coaching.md."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Thresholds:
    """When to warn the person on channel ``self``; 0 switches a warning off. docs/coaching.md."""

    talk_ratio: float = 0.65
    """Share of all speech, 0 to 1."""
    words_per_minute: float = 200.0
    """Current pace."""
    monologue: float = 76.0
    """Seconds."""
    patience: float = 0.3
    """Seconds before an answer, on average: at least."""
    interruptions: float = 3.0
    """In five minutes: at most."""
    dead_air: float = 10.0
    """Seconds of silence of all."""
    questions: float = 10.0
    """In a call: at least."""
    most_questions: float = 14.0
    """In a call: at most. Judged when it is over."""
    open_questions: float = 4.0
    """In a call: at least."""
    judged_after: float = 1200.0
    """Seconds of the call before questions are counted against their thresholds."""
    cooldown: float = 120.0
    """Seconds of audio before the same warning may come again."""


THRESHOLD_KEYS = tuple(field.name for field in fields(Thresholds))
"""The keys of a playbook's ``[thresholds]``: all are numbers from 0 up."""
SHARE_KEYS = ("talk_ratio",)
"""Of them, those that are shares: at most 1."""
