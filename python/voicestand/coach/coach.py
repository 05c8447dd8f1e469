"""The coach of one conversation: final transcripts in, suggestions and metrics out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voicestand.coach.checklist import Item
from voicestand.coach.following import Follower
from voicestand.coach.hearing import HeardTrigger, Hearing
from voicestand.coach.metrics import ConversationMetrics
from voicestand.coach.playbook_schema import Playbook, Trigger
from voicestand.coach.stages import StageState
from voicestand.coach.thresholds import ThresholdWatch
from voicestand.events import (
    CallMetrics,
    ChannelMetrics,
    SuggestionCard,
    SuggestionKind,
    TranscriptFinal,
)


@dataclass(frozen=True)
class Suggestion:
    """Advice for the person on channel ``self``."""

    kind: SuggestionKind
    """``playbook`` or ``metric``."""
    text: str
    sources: list[str]
    """``playbook:NAME/TRIGGER`` or ``metric:KEY``."""
    trigger: str
    """The id of the trigger, or the key of the threshold."""
    card: SuggestionCard | None = None
    """The battlecard that goes with it."""


class Coach:
    """Coaches one conversation; not to be shared between conversations or threads.

    Knows no wall clock: cool-downs run on the audio clock of the finals, so a recording gives the
    same suggestions at any pace.
    """

    def __init__(self, playbook: Playbook, channels: Sequence[str]) -> None:
        self._follower = Follower(Hearing(playbook))
        self._metrics = ConversationMetrics(channels)
        self._watch = ThresholdWatch(playbook.thresholds)
        self._fired: dict[str, float] = {}
        """Trigger id: when it last fired, in seconds."""
        self._said: dict[str, float] = {}
        """Text of a suggestion: when it was last given."""

    def on_final(self, final: TranscriptFinal) -> list[Suggestion]:
        """Counts one utterance and gives the advice it calls for: at most one from the playbook
        and one from the metrics, the playbook's first. Usually none.
        """
        self._metrics.update(final)
        self._follower.follow(final)
        suggestions = []
        trigger = self._best_trigger(final)
        if trigger is not None:
            self._fired[trigger.id] = self._said[trigger.suggestion] = final.end
            source = f"playbook:{self.playbook.name}/{trigger.id}"
            card = self._follower.card(trigger)
            suggestions.append(
                Suggestion("playbook", trigger.suggestion, [source], trigger.id, card)
            )
        self._watch.thresholds = self._follower.thresholds
        excess = self._watch.check(self._metrics, final.end)
        if excess is not None:
            source = f"metric:{excess.metric}"
            suggestions.append(Suggestion("metric", excess.text, [source], excess.metric))
        return suggestions

    def metrics(self) -> dict[str, ChannelMetrics]:
        """How each channel has spoken so far."""
        return self._metrics.snapshot()

    def call(self) -> CallMetrics:
        """How all have spoken together so far."""
        return self._metrics.call()

    def adopt(self, hearing: Hearing) -> None:
        """Goes on by another playbook, from the next utterance on. Safe in any thread."""
        self._follower.adopt(hearing)

    @property
    def playbook(self) -> Playbook:
        """The one in use."""
        return self._follower.playbook

    @property
    def heard(self) -> list[HeardTrigger]:
        """The triggers of the latest utterance, resting or not."""
        return self._follower.heard

    @property
    def stage(self) -> StageState | None:
        """In which stage the conversation is; none if the playbook has no stages."""
        return self._follower.stage

    @property
    def ticked(self) -> list[Item]:
        """What the latest utterance ticked."""
        return self._follower.ticked

    @property
    def checklist(self) -> tuple[Item, ...]:
        """What is done, and what is not."""
        return self._follower.checklist.items()

    def _best_trigger(self, final: TranscriptFinal) -> Trigger | None:
        """The one that explains most of the utterance; of equals the first in the playbook."""
        best: Trigger | None = None
        best_score = 0.0
        for found in self._follower.heard:
            if found.score > best_score and self._may_fire(found.trigger, final):
                best, best_score = found.trigger, found.score
        return best

    def _may_fire(self, trigger: Trigger, final: TranscriptFinal) -> bool:
        if trigger.once and trigger.id in self._fired:
            return False
        last = max(
            self._fired.get(trigger.id, float("-inf")),
            self._said.get(trigger.suggestion, float("-inf")),
        )
        return final.end - last >= trigger.cooldown
