"""What in a valid playbook is probably not what its author wants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from voicestand.coach.phrases import Variant, parse_phrase
from voicestand.coach.playbook_schema import Playbook, Trigger

MOST_CHARACTERS = 140
"""Of a suggestion: what can be read at a glance."""


def warnings(playbook: Playbook) -> list[str]:
    """One line for each doubt; none is a mistake."""
    return [
        *_same_phrases(playbook),
        *_hidden_phrases(playbook),
        *_long_suggestions(playbook),
        *_unused(playbook),
    ]


def _whole(trigger: Trigger) -> Iterator[tuple[Variant, str]]:
    """What a trigger listens for without a gap, and the phrase that says so."""
    for phrase in trigger.phrases:
        parts = parse_phrase(phrase)
        if len(parts) == 1:
            for words in parts[0].variants:
                yield words, phrase


def _meet(one: Trigger, other: Trigger) -> bool:
    """Whether both may fire by the same utterance."""
    channels = {one.channel, other.channel}
    same_stage = not one.stages or not other.stages or set(one.stages) & set(other.stages)
    return ("any" in channels or len(channels) == 1) and bool(same_stage)


def _same_phrases(playbook: Playbook) -> Iterator[str]:
    listeners: dict[Variant, list[Trigger]] = defaultdict(list)
    for trigger in playbook.triggers:
        for words in dict.fromkeys(words for words, _ in _whole(trigger)):
            listeners[words].append(trigger)
    for words, triggers in listeners.items():
        for other in triggers[1:]:
            if _meet(triggers[0], other):
                yield (
                    f"phrase {' '.join(words)!r} is in {triggers[0].id!r} and in {other.id!r}: "
                    f"only {triggers[0].id!r} will be suggested while it is not resting"
                )


def _hidden_phrases(playbook: Playbook) -> Iterator[str]:
    for trigger in playbook.triggers:
        known = dict(_whole(trigger))
        seen: set[str] = set()
        for words, phrase in known.items():
            inner = next(
                (
                    known[words[first:last]]
                    for first in range(len(words))
                    for last in range(first + 1, len(words) + 1)
                    if last - first < len(words)
                    and words[first:last] in known
                    and known[words[first:last]] != phrase
                ),
                None,
            )
            plain = " ".join(words)
            if inner is not None and phrase == plain and plain not in seen:
                seen.add(plain)
                yield f"phrase {phrase!r} in {trigger.id!r} adds nothing: {inner!r} is heard in it"


def _long_suggestions(playbook: Playbook) -> Iterator[str]:
    for trigger in playbook.triggers:
        length = len(trigger.suggestion)
        if length > MOST_CHARACTERS:
            yield f"the suggestion of {trigger.id!r} is too long for a call: {length} characters"


def _unused(playbook: Playbook) -> Iterator[str]:
    used = {trigger.card for trigger in playbook.triggers}
    for card in playbook.cards:
        if card.id not in used:
            yield f"no trigger shows the card {card.id!r}"
    for stage in playbook.stages:
        if not stage.cues and not stage.triggers:
            yield f"stage {stage.id!r} has no phrases, patterns or triggers: it is never recognized"
    stages = tuple(stage.id for stage in playbook.stages)
    for trigger in playbook.triggers:
        if stages and set(trigger.stages) == set(stages):
            yield f"trigger {trigger.id!r} names every stage: it need not name any"
