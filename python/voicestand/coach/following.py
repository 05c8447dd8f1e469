"""One conversation followed through its playbook: triggers, stage and checklist."""

from __future__ import annotations

from voicestand.coach.attention import Attention
from voicestand.coach.checklist import Checklist, Item
from voicestand.coach.hearing import Heard, HeardTrigger, Hearing
from voicestand.coach.limits import Thresholds
from voicestand.coach.playbook_schema import Playbook, Trigger
from voicestand.coach.stages import StageState, StageTracker
from voicestand.events import SuggestionCard, TranscriptFinal

LEAST_LIKELY = 0.25
"""A trigger that has stages fires if they are at least so likely together."""
LIKELY = 0.5
"""Words that mean a trigger only during some stages do if these are so likely together."""


class Follower:
    """Follows one conversation; not to be shared between conversations or threads."""

    def __init__(self, hearing: Hearing) -> None:
        self._next: Hearing | None = None
        self.checklist = Checklist(())
        self.heard: list[HeardTrigger] = []
        """The triggers of the latest utterance that may fire in this stage."""
        self.ticked: list[Item] = []
        """What the latest utterance ticked."""
        self._begin(hearing)

    def _begin(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self.playbook: Playbook = hearing.playbook
        self.checklist.replace(self.playbook.checks)
        self._cards = {card.id: card for card in self.playbook.cards}
        self._thresholds = {
            stage.id: stage.thresholds or self.playbook.thresholds for stage in self.playbook.stages
        }
        stages = self.playbook.stages
        self._tracker = StageTracker(stages) if stages else None
        self._attention = Attention(always=not stages)

    def adopt(self, hearing: Hearing) -> None:
        """Goes on by another playbook, from the next utterance on. Safe in any thread."""
        self._next = hearing

    def follow(self, final: TranscriptFinal) -> None:
        """Takes one utterance."""
        if self._next is not None:
            before, hearing = self.stage, self._next
            self._next = None
            self._begin(hearing)
            if self._tracker is not None and before is not None:
                self._tracker.resume(before)
        heard = self._hearing.hear(final.channel, final.text)
        if self._tracker is not None:
            self._tracker.update(heard.cues, final.end)
        self.heard = self._fitting(heard, final.end)
        self.ticked = self.checklist.tick(heard.checks, final.utterance, final.end)

    @property
    def stage(self) -> StageState | None:
        """None if the playbook has no stages."""
        return self._tracker.state() if self._tracker is not None else None

    @property
    def thresholds(self) -> Thresholds:
        """Those of the stage, or else the playbook's."""
        if self._tracker is None:
            return self.playbook.thresholds
        return self._thresholds[self._tracker.state().stage]

    def card(self, trigger: Trigger) -> SuggestionCard | None:
        """The battlecard of a trigger."""
        return self._cards[trigger.card] if trigger.card is not None else None

    def _fitting(self, heard: Heard, now: float) -> list[HeardTrigger]:
        """The triggers that may fire in this stage, each once."""
        attentive = self._attention.listen(heard, now)
        fits = [found for found in heard.triggers if self._fits(found)] if attentive else []
        names = {found.trigger.id for found in fits}
        best: dict[str, HeardTrigger] = {}
        for found in fits:
            name = found.trigger.id
            if names.isdisjoint(found.trigger.unless) and (
                name not in best or best[name].score < found.score
            ):
                best[name] = found
        return list(best.values())

    def _fits(self, found: HeardTrigger) -> bool:
        if self._tracker is None:
            return not found.during
        for stages, least in ((found.trigger.stages, LEAST_LIKELY), (found.during, LIKELY)):
            if stages and self._tracker.likelihood(stages) < least:
                return False
        return True
