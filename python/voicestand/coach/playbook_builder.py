"""A playbook out of its TOML document, every mistake with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from voicestand.coach.limits import SHARE_KEYS, THRESHOLD_KEYS, Thresholds
from voicestand.coach.patterns import PatternError, compile_pattern
from voicestand.coach.phrases import PhraseError, parse_phrase
from voicestand.coach.playbook_schema import (
    TOLERANCE,
    Check,
    DuringCue,
    Playbook,
    Stage,
    StageCue,
    Trigger,
    TriggerChannel,
)
from voicestand.coach.playbook_values import Values, closest, listed
from voicestand.coach.positions import Path as Place
from voicestand.coach.positions import locate
from voicestand.events import SuggestionCard

_SECTIONS = ("playbook", "trigger", "thresholds", "stage", "check", "card", "words")
_PLAYBOOK_KEYS = ("name", "description")
_TRIGGER_KEYS = (
    "id",
    "channel",
    "phrases",
    "patterns",
    "suggestion",
    "cooldown",
    "once",
    "tolerance",
    "stages",
    "unless",
    "during",
    "during_phrases",
    "during_patterns",
    "card",
)
_STAGE_KEYS = (
    "id",
    "phrases",
    "patterns",
    "self",
    "self_patterns",
    "other",
    "other_patterns",
    "triggers",
    "tolerance",
    "thresholds",
    "utterances",
)
_CHECK_KEYS = ("id", "title", "channel", "phrases", "patterns", "triggers", "tolerance")
_CARD_KEYS = ("id", "title", "lines")
_CHANNELS: tuple[TriggerChannel, ...] = ("self", "other", "any")
_WORDS = re.compile(r"\{([^{}]*)\}")
MOST_TOLERANCE = 0.4
"""Beyond it, phrases match what has nothing to do with them."""


def build(document: Mapping[str, Any], lines: dict[Place, int], file: str) -> Playbook:
    """The playbook that a parsed document describes.

    ``lines`` is ``positions.line_numbers`` of its source; ``file`` is named in messages. Raises
    ``InputError`` for the first mistake.
    """
    return _Builder(lines, file).playbook(document)


class _Builder(Values):
    def __init__(self, lines: dict[Place, int], file: str) -> None:
        super().__init__(lines, file)
        self.words: dict[str, str] = {}
        """Of ``[words]``: name and the group that stands for it in a phrase."""
        self.thresholds = Thresholds()
        self.ids: dict[tuple[str, str], Place] = {}
        """By kind and id: which table has it."""

    def playbook(self, document: Mapping[str, Any]) -> Playbook:
        self.known_keys(document, (), _SECTIONS, "at the top level")
        head = self.table(document, "playbook", _PLAYBOOK_KEYS)
        self.read_words(document)
        self.thresholds = self.limits(
            self.table(document, "thresholds", THRESHOLD_KEYS), ("thresholds",)
        )
        triggers = tuple(
            self.trigger(*one) for one in self.tables(document, "trigger", _TRIGGER_KEYS)
        )
        if not triggers:
            self.fail((), "there is no [[trigger]]: add at least one")
        playbook = Playbook(
            name=self.text(head, ("playbook", "name")),
            description=self.text(head, ("playbook", "description"), default=""),
            triggers=triggers,
            thresholds=self.thresholds,
            stages=tuple(self.stage(*one) for one in self.tables(document, "stage", _STAGE_KEYS)),
            checks=tuple(self.check(*one) for one in self.tables(document, "check", _CHECK_KEYS)),
            cards=tuple(self.card(*one) for one in self.tables(document, "card", _CARD_KEYS)),
        )
        self.check_references(playbook)
        return playbook

    def read_words(self, document: Mapping[str, Any]) -> None:
        table = document.get("words", {})
        if not isinstance(table, dict):
            self.fail(("words",), "words must be a table that begins with [words]")
        for name in table:
            place = ("words", name)
            choices = self.texts(table, place)
            found = [self.expand(text, (*place, n)) for n, text in enumerate(choices)]
            for n, text in enumerate(found):
                self.parsed(text, (*place, n), choices[n])
            self.words[name] = f"({'|'.join(found)})"

    def limits(
        self, table: Mapping[str, Any], place: Place, default: Thresholds | None = None
    ) -> Thresholds:
        default = default or Thresholds()
        return Thresholds(
            **{
                key: (self.share if key in SHARE_KEYS else self.number)(
                    table, (*place, key), getattr(default, key)
                )
                for key in THRESHOLD_KEYS
            }
        )

    def trigger(self, table: Mapping[str, Any], place: Place) -> Trigger:
        phrases, patterns = self.phrases(table, place), self.patterns(table, place)
        during = self.during(table, place)
        if not phrases and not patterns and during is None:
            self.fail(place, "[[trigger]] has neither phrases nor patterns: it could never fire")
        return Trigger(
            id=self.new_id(table, place),
            suggestion=self.text(table, (*place, "suggestion")),
            channel=self.channel(table, place),
            phrases=phrases,
            patterns=patterns,
            cooldown=self.number(table, (*place, "cooldown"), Trigger.cooldown),
            once=self.flag(table, (*place, "once")),
            tolerance=self.tolerance(table, place),
            stages=tuple(self.texts(table, (*place, "stages"))),
            unless=tuple(self.texts(table, (*place, "unless"))),
            during=during,
            card=self.text(table, (*place, "card")) if "card" in table else None,
        )

    def during(self, table: Mapping[str, Any], place: Place) -> DuringCue | None:
        stages = self.texts(table, (*place, "during"))
        cue = DuringCue(
            trigger=self.text(table, (*place, "id")),
            channel=self.channel(table, place),
            stages=tuple(stages),
            phrases=self.phrases(table, place, "during_phrases"),
            patterns=self.patterns(table, place, "during_patterns"),
        )
        said = bool(cue.phrases or cue.patterns)
        if said != bool(stages):
            self.fail(
                place, "during needs during_phrases or during_patterns beside it, and they need it"
            )
        return cue if said else None

    def stage(self, table: Mapping[str, Any], place: Place) -> Stage:
        tolerance = self.tolerance(table, place)
        cues = []
        for channel in _CHANNELS:
            names = (
                ("phrases", "patterns") if channel == "any" else (channel, f"{channel}_patterns")
            )
            phrases = self.phrases(table, place, names[0])
            patterns = self.patterns(table, place, names[1])
            if phrases or patterns:
                cues.append(StageCue(channel, phrases, patterns, tolerance))
        limits = table.get("thresholds")
        inner = (*place, "thresholds")
        if limits is not None:
            if not isinstance(limits, dict):
                self.fail(inner, "thresholds must be a table that begins with [stage.thresholds]")
            self.known_keys(limits, inner, THRESHOLD_KEYS, "in [stage.thresholds]")
        return Stage(
            id=self.new_id(table, place),
            cues=tuple(cues),
            triggers=tuple(self.texts(table, (*place, "triggers"))),
            thresholds=None if limits is None else self.limits(limits, inner, self.thresholds),
            utterances=self.utterances(table, place),
        )

    def utterances(self, table: Mapping[str, Any], place: Place) -> float:
        value = self.number(table, (*place, "utterances"), Stage.utterances)
        if value < 1:
            self.fail((*place, "utterances"), f"a stage lasts at least 1 utterance, not {value:g}")
        return value

    def check(self, table: Mapping[str, Any], place: Place) -> Check:
        check = Check(
            id=self.new_id(table, place),
            title=self.text(table, (*place, "title")),
            channel=self.channel(table, place),
            phrases=self.phrases(table, place),
            patterns=self.patterns(table, place),
            triggers=tuple(self.texts(table, (*place, "triggers"))),
            tolerance=self.tolerance(table, place),
        )
        if not (check.phrases or check.patterns or check.triggers):
            self.fail(place, "[[check]] has no phrases, patterns or triggers to tick it")
        return check

    def card(self, table: Mapping[str, Any], place: Place) -> SuggestionCard:
        lines = self.texts(table, (*place, "lines"))
        if not lines:
            self.fail(place, "[[card]] has no lines")
        return SuggestionCard(
            id=self.new_id(table, place),
            title=self.text(table, (*place, "title")),
            lines=[" ".join(line.split()) for line in lines],
        )

    def check_references(self, playbook: Playbook) -> None:
        triggers = [one.id for one in playbook.triggers]
        stages = [one.id for one in playbook.stages]
        cards = [one.id for one in playbook.cards]
        for number, trigger in enumerate(playbook.triggers):
            place: Place = ("trigger", number)
            for n, name in enumerate(trigger.stages):
                self.choice(name, (*place, "stages", n), stages, "stage")
            for n, name in enumerate(trigger.during.stages if trigger.during else ()):
                self.choice(name, (*place, "during", n), stages, "stage")
            for n, name in enumerate(trigger.unless):
                self.choice(name, (*place, "unless", n), triggers, "trigger")
            if trigger.card is not None:
                self.choice(trigger.card, (*place, "card"), cards, "card")
        named = {
            "stage": [stage.triggers for stage in playbook.stages],
            "check": [check.triggers for check in playbook.checks],
        }
        for kind, lists in named.items():
            for number, names in enumerate(lists):
                for n, name in enumerate(names):
                    self.choice(name, (kind, number, "triggers", n), triggers, "trigger")

    # The values that only playbooks have.

    def new_id(self, table: Mapping[str, Any], place: Place) -> str:
        name = self.text(table, (*place, "id"))
        kind = str(place[0])
        taken = self.ids.setdefault((kind, name), place)
        if taken != place:
            line = locate(self.lines, (*taken, "id"))
            self.fail((*place, "id"), f"id {name!r} is already taken by the {kind} in line {line}")
        return name

    def channel(self, table: Mapping[str, Any], place: Place) -> TriggerChannel:
        value = table.get("channel", "any")
        for channel in _CHANNELS:
            if value == channel:
                return channel
        return self.fail(
            (*place, "channel"), f"channel must be one of {listed(_CHANNELS)}, not {value!r}"
        )

    def tolerance(self, table: Mapping[str, Any], place: Place) -> float:
        value = self.number(table, (*place, "tolerance"), TOLERANCE)
        if value > MOST_TOLERANCE:
            self.fail(
                (*place, "tolerance"),
                f"tolerance is the share of letters that may be misheard, 0 to {MOST_TOLERANCE}, "
                f"not {value:g}",
            )
        return value

    def phrases(
        self, table: Mapping[str, Any], place: Place, key: str = "phrases"
    ) -> tuple[str, ...]:
        found = []
        for n, text in enumerate(self.texts(table, (*place, key))):
            found.append(self.parsed(self.expand(text, (*place, key, n)), (*place, key, n), text))
        return tuple(found)

    def parsed(self, phrase: str, place: Place, written: str) -> str:
        """``phrase``, of which the user wrote ``written``."""
        try:
            parse_phrase(phrase)
        except PhraseError as error:
            self.fail(place, f"phrase {written!r} {error}")
        return phrase

    def expand(self, text: str, place: Place) -> str:
        """A phrase with the lists of ``[words]`` that it names."""

        def words(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name not in self.words:
                nearest = closest(name, tuple(self.words))
                hint = f"did you mean {nearest!r}?" if nearest else "lists stand in [words]"
                self.fail(place, f"there are no words {name!r} ({hint})")
            return self.words[name]

        return _WORDS.sub(words, text)

    def patterns(
        self, table: Mapping[str, Any], place: Place, key: str = "patterns"
    ) -> tuple[re.Pattern[str], ...]:
        found = []
        for n, source in enumerate(self.texts(table, (*place, key))):
            try:
                found.append(compile_pattern(source))
            except PatternError as error:
                self.fail((*place, key, n), f"pattern {source!r} {error}")
        return tuple(found)
