"""One conversation followed through its playbook: triggers, stage and checklist."""

from __future__ import annotations

from voicestand.coach.checklist import Checklist, Item
from voicestand.coach.hearing import HeardTrigger, Hearing
from voicestand.coach.playbook_schema import Playbook, Trigger
from voicestand.coach.stages import StageState, StageTracker
from voicestand.events import SuggestionCard, TranscriptFinal

LEAST_LIKELY = 0.25
"""A trigger that has stages fires if they are at least so likely together."""


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
        names = [stage.id for stage in self.playbook.stages]
        self._tracker = StageTracker(names) if names else None

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
        self.heard = [found for found in heard.triggers if self._fits(found.trigger)]
        self.ticked = self.checklist.tick(heard.checks, final.utterance, final.end)

    @property
    def stage(self) -> StageState | None:
        """None if the playbook has no stages."""
        return self._tracker.state() if self._tracker is not None else None

    def card(self, trigger: Trigger) -> SuggestionCard | None:
        """The battlecard of a trigger."""
        return self._cards[trigger.card] if trigger.card is not None else None

    def _fits(self, trigger: Trigger) -> bool:
        if not trigger.stages or self._tracker is None:
            return True
        return self._tracker.likelihood(trigger.stages) >= LEAST_LIKELY
