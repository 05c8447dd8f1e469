"""What a playbook may say, and every mistake in one, each with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from voicestand.coach.limits import SHARE_KEYS, THRESHOLD_KEYS, Thresholds
from voicestand.coach.patterns import PatternError, compile_pattern
from voicestand.coach.positions import Path as Place
from voicestand.coach.positions import locate
from voicestand.coach.words import spoken
from voicestand.errors import InputError

TriggerChannel = Literal["self", "other", "any"]


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


@dataclass(frozen=True)
class Playbook:
    """What to listen for in one kind of conversation."""

    name: str
    triggers: tuple[Trigger, ...]
    thresholds: Thresholds = field(default_factory=Thresholds)
    description: str = ""


_SECTIONS = ("playbook", "trigger", "thresholds")
_PLAYBOOK_KEYS = ("name", "description")
_TRIGGER_KEYS = ("id", "channel", "phrases", "patterns", "suggestion", "cooldown", "once")
_CHANNELS: tuple[TriggerChannel, ...] = ("self", "other", "any")


def build(document: Mapping[str, Any], lines: dict[Place, int], file: str) -> Playbook:
    """The playbook that a parsed document describes.

    ``lines`` is ``positions.line_numbers`` of its source; ``file`` is named in messages. Raises
    ``InputError`` for the first mistake.
    """
    return _Builder(lines, file).playbook(document)


class _Builder:
    def __init__(self, lines: dict[Place, int], file: str) -> None:
        self.lines = lines
        self.file = file
        self.ids: dict[str, int] = {}

    def fail(self, place: Place, message: str) -> NoReturn:
        raise InputError(f"{self.file}:{locate(self.lines, place)}: {message}")

    def playbook(self, document: Mapping[str, Any]) -> Playbook:
        self.known_keys(document, (), _SECTIONS, "at the top level")
        head = self.table(document, "playbook", _PLAYBOOK_KEYS)
        triggers = document.get("trigger", [])
        if not isinstance(triggers, list):
            self.fail(("trigger",), "a trigger begins with [[trigger]], in double brackets")
        if not triggers:
            self.fail((), "there is no [[trigger]]: add at least one")
        return Playbook(
            name=self.text(head, ("playbook", "name")),
            description=self.text(head, ("playbook", "description"), default=""),
            triggers=tuple(self.trigger(triggers, n) for n in range(len(triggers))),
            thresholds=self.thresholds(document),
        )

    def thresholds(self, document: Mapping[str, Any]) -> Thresholds:
        table = self.table(document, "thresholds", THRESHOLD_KEYS)
        default = Thresholds()
        values = {
            key: self.number(table, ("thresholds", key), getattr(default, key))
            for key in THRESHOLD_KEYS
        }
        for key in SHARE_KEYS:
            if values[key] > 1:
                self.fail(
                    ("thresholds", key),
                    f"{key} is a share from 0 to 1, not {values[key]:g} (65 percent is 0.65)",
                )
        return Thresholds(**values)

    def trigger(self, triggers: list[Any], number: int) -> Trigger:
        place: Place = ("trigger", number)
        table = triggers[number]
        if not isinstance(table, dict):
            self.fail(place, "a trigger must be a table that begins with [[trigger]]")
        self.known_keys(table, place, _TRIGGER_KEYS, "in [[trigger]]")
        phrases = self.texts(table, (*place, "phrases"))
        sources = self.texts(table, (*place, "patterns"))
        if not phrases and not sources:
            self.fail(place, "[[trigger]] has neither phrases nor patterns: it could never fire")
        return Trigger(
            id=self.new_id(table, (*place, "id")),
            suggestion=self.text(table, (*place, "suggestion")),
            channel=self.channel(table, (*place, "channel")),
            phrases=tuple(
                self.phrase(text, (*place, "phrases", n)) for n, text in enumerate(phrases)
            ),
            patterns=tuple(
                self.pattern(text, (*place, "patterns", n)) for n, text in enumerate(sources)
            ),
            cooldown=self.number(table, (*place, "cooldown"), Trigger.cooldown),
            once=self.flag(table, (*place, "once")),
        )

    def new_id(self, table: Mapping[str, Any], place: Place) -> str:
        name = self.text(table, place)
        if name in self.ids:
            self.fail(
                place, f"id {name!r} is already taken by the trigger in line {self.ids[name]}"
            )
        self.ids[name] = locate(self.lines, place)
        return name

    def channel(self, table: Mapping[str, Any], place: Place) -> TriggerChannel:
        value = table.get("channel", "any")
        for channel in _CHANNELS:
            if value == channel:
                return channel
        return self.fail(place, f"channel must be one of {_listed(_CHANNELS)}, not {value!r}")

    def phrase(self, text: str, place: Place) -> str:
        if not spoken(text):
            self.fail(place, f"phrase {text!r} has no words")
        return text

    def pattern(self, source: str, place: Place) -> re.Pattern[str]:
        try:
            return compile_pattern(source)
        except PatternError as error:
            return self.fail(place, f"pattern {source!r} {error}")

    # The kinds of value. ``place`` ends in the key.

    def known_keys(
        self, table: Mapping[str, Any], place: Place, known: tuple[str, ...], where: str
    ) -> None:
        for key in table:
            if key not in known:
                nearest = closest(key, known)
                hint = f"did you mean {nearest!r}?" if nearest else f"known: {', '.join(known)}"
                self.fail((*place, key), f"unknown key {key!r} {where} ({hint})")

    def table(
        self, document: Mapping[str, Any], name: str, known: tuple[str, ...]
    ) -> Mapping[str, Any]:
        table = document.get(name, {})
        if not isinstance(table, dict):
            self.fail((name,), f"{name} must be a table that begins with [{name}]")
        self.known_keys(table, (name,), known, f"in [{name}]")
        return table

    def text(self, table: Mapping[str, Any], place: Place, default: str | None = None) -> str:
        key = str(place[-1])
        if key not in table and default is not None:
            return default
        if key not in table:
            section = f"[[{place[0]}]]" if place[0] == "trigger" else f"[{place[0]}]"
            self.fail(place, f"{section} has no {key}")
        value = table[key]
        if not isinstance(value, str):
            self.fail(place, f"{key} must be a text in quotes, not {_kind(value)}")
        if not value.strip():
            self.fail(place, f"{key} is empty")
        return " ".join(value.split())

    def texts(self, table: Mapping[str, Any], place: Place) -> list[str]:
        key = str(place[-1])
        values = table.get(key)
        if values is None:
            return []
        if not isinstance(values, list):
            self.fail(place, f"{key} must be a list of texts in [ ], not {_kind(values)}")
        if not values:
            self.fail(place, f"{key} is empty")
        for number, value in enumerate(values):
            if not isinstance(value, str):
                self.fail(
                    (*place, number), f"{key} must be texts in quotes; {value!r} is {_kind(value)}"
                )
            if not value.strip():
                self.fail((*place, number), f"{key} has an empty text")
        return values

    def number(self, table: Mapping[str, Any], place: Place, default: float) -> float:
        key = str(place[-1])
        value = table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(place, f"{key} must be a number, not {_kind(value)}")
        if not 0 <= value < float("inf"):
            self.fail(place, f"{key} must be a number from 0 up, not {value}")
        return float(value)

    def flag(self, table: Mapping[str, Any], place: Place) -> bool:
        value = table.get(str(place[-1]), False)
        if not isinstance(value, bool):
            self.fail(place, f"{place[-1]} must be true or false, not {_kind(value)}")
        return value


def closest(word: str, known: tuple[str, ...]) -> str | None:
    """The one of ``known`` that ``word`` is probably a misspelling of, if any."""
    from rapidfuzz import process
    from rapidfuzz.distance import JaroWinkler

    found = process.extractOne(
        word.lower(), known, scorer=JaroWinkler.normalized_similarity, score_cutoff=0.75
    )
    return found[0] if found else None


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(repr(name) for name in names[:-1]) + f" or {names[-1]!r}"


def _kind(value: object) -> str:
    kinds = {bool: "true or false", str: "a text", list: "a list", dict: "a table"}
    return kinds.get(type(value), "a number" if isinstance(value, int | float) else "a date")
