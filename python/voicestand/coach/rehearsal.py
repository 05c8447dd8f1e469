"""A coach on a conversation that is over: what it would have said, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from voicestand.coach.coach import Coach
from voicestand.events import SuggestionCard, SuggestionKind, TranscriptFinal


class Advice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One suggestion at its moment."""

    t: float
    """Seconds on the audio clock: the end of the utterance that caused it."""
    channel: str
    utterance: str
    said: str
    """The words of that utterance."""
    kind: SuggestionKind
    trigger: str
    text: str
    sources: list[str]
    stage: str | None = None
    """In which stage it came, if the playbook has stages."""
    card: SuggestionCard | None = None


def rehearse(coach: Coach, finals: Iterable[TranscriptFinal]) -> Iterator[Advice]:
    """Feeds ``coach`` one final after the other and gives each suggestion as soon as it is there.

    Afterwards ``coach.metrics()`` describes the whole conversation.
    """
    for final in finals:
        for suggestion in coach.on_final(final):
            yield Advice(
                t=final.end,
                channel=final.channel,
                utterance=final.utterance,
                said=final.text,
                kind=suggestion.kind,
                trigger=suggestion.trigger,
                text=suggestion.text,
                sources=suggestion.sources,
                stage=coach.stage.stage if coach.stage else None,
                card=suggestion.card,
            )
