"""What a playbook may hold. How it is written: docs/coaching.md."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from voicestand.coach.limits import Thresholds
from voicestand.events import SuggestionCard

TriggerChannel = Literal["self", "other", "any"]
TOLERANCE = 0.12
"""The share of letters that may be misheard: "two expensive" for "too expensive" is 0.08, "not
expensive" 0.15, "less expensive" 0.26."""


@dataclass(frozen=True)
class DuringCue:
    """Words that mean a trigger only in some stages."""

    trigger: str
    channel: TriggerChannel
    stages: tuple[str, ...]
    phrases: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    tolerance: float = 0.0


@dataclass(frozen=True)
class Trigger:
    """Words to listen for, and what to suggest when they are said."""

    id: str
    suggestion: str
    """What the user reads; one short line."""
    channel: TriggerChannel = "any"
    """Whose words count."""
    phrases: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    cooldown: float = 60.0
    """Seconds of audio before it may fire again."""
    once: bool = False
    """Fire at most once in a conversation."""
    tolerance: float = TOLERANCE
    """Of its phrases; 0: only as written."""
    stages: tuple[str, ...] = ()
    """In which it may fire; none: in all."""
    unless: tuple[str, ...] = ()
    """Triggers that say more: where one of them is heard, this is not."""
    during: DuringCue | None = None
    """Words that mean it only in some stages."""
    card: str | None = None
    """The battlecard that goes with its suggestion."""


@dataclass(frozen=True)
class StageCue:
    """Words that speak for a stage."""

    channel: TriggerChannel
    phrases: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class Stage:
    """A part of the conversation; the order in the playbook is the usual one."""

    id: str
    cues: tuple[StageCue, ...] = ()
    triggers: tuple[str, ...] = ()
    """Triggers that speak for it, whether or not they may fire."""
    thresholds: Thresholds | None = None
    """In place of the playbook's while it lasts."""
    utterances: float = 10.0
    """How many it usually lasts."""


@dataclass(frozen=True)
class Check:
    """Something to be done in the conversation; ticks itself."""

    id: str
    title: str
    channel: TriggerChannel = "any"
    phrases: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    triggers: tuple[str, ...] = ()
    """Any of them ticks it too."""
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class Playbook:
    """What to listen for in one kind of conversation."""

    name: str
    triggers: tuple[Trigger, ...]
    thresholds: Thresholds = field(default_factory=Thresholds)
    description: str = ""
    stages: tuple[Stage, ...] = ()
    checks: tuple[Check, ...] = ()
    cards: tuple[SuggestionCard, ...] = ()
