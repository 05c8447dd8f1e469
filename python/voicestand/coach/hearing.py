"""What a playbook hears in one utterance: triggers, cues of stages, ticks of the checklist."""

from __future__ import annotations

from typing import NamedTuple

from voicestand.coach.matching import Matcher
from voicestand.coach.playbook_schema import (
    Check,
    DuringCue,
    Playbook,
    Stage,
    StageCue,
    Trigger,
)


class HeardTrigger(NamedTuple):
    """A trigger whose words were said by whom it listens to."""

    trigger: Trigger
    score: float
    """How much of the utterance it explains."""
    during: tuple[str, ...] = ()
    """In which stages the words mean it; none: in all."""


class Heard(NamedTuple):
    """All that a playbook hears in one utterance."""

    triggers: list[HeardTrigger]
    """In the order of the playbook; in whatever stage they may fire."""
    cues: dict[str, float]
    """By stage: how much of the utterance speaks for it, as scores add up."""
    checks: set[str]


class Hearing:
    """Listens for everything in a playbook at once; made once, may be shared."""

    def __init__(self, playbook: Playbook) -> None:
        self.playbook = playbook
        self._triggers = {trigger.id: trigger for trigger in playbook.triggers}
        self._cues: list[tuple[Trigger | DuringCue | StageCue | Check, Stage | None]] = [
            *((trigger, None) for trigger in playbook.triggers),
            *((trigger.during, None) for trigger in playbook.triggers if trigger.during),
            *((cue, stage) for stage in playbook.stages for cue in stage.cues),
            *((check, None) for check in playbook.checks),
        ]
        self._matcher = Matcher([cue for cue, _ in self._cues])

    def hear(self, channel: str, text: str) -> Heard:
        """What ``channel`` saying ``text`` means to the playbook."""
        heard = Heard([], {}, set())
        for match in self._matcher.find(text):
            cue, stage = self._cues[match.cue]
            if cue.channel not in ("any", channel):
                continue
            if stage is not None:
                heard.cues[stage.id] = heard.cues.get(stage.id, 0.0) + match.score
            elif isinstance(cue, Trigger):
                heard.triggers.append(HeardTrigger(cue, match.score))
            elif isinstance(cue, DuringCue):
                trigger = self._triggers[cue.trigger]
                heard.triggers.append(HeardTrigger(trigger, match.score, cue.stages))
            elif isinstance(cue, Check):
                heard.checks.add(cue.id)
        self._by_trigger(heard)
        return heard

    def _by_trigger(self, heard: Heard) -> None:
        """Adds what follows from the triggers that were heard."""
        scores = {found.trigger.id: found.score for found in heard.triggers if not found.during}
        for stage in self.playbook.stages:
            for trigger in stage.triggers:
                if trigger in scores:
                    heard.cues[stage.id] = heard.cues.get(stage.id, 0.0) + scores[trigger]
        heard.checks.update(
            check.id
            for check in self.playbook.checks
            if not scores.keys().isdisjoint(check.triggers)
        )
