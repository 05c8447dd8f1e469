"""The values of a TOML table, each checked: a mistake is one line with the file and the line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from voicestand.coach.positions import Path as Place
from voicestand.coach.positions import locate
from voicestand.errors import InputError


class Values:
    """Reads the values of one document; ``place`` is where each stands, its key the last."""

    def __init__(self, lines: dict[Place, int], file: str) -> None:
        """``lines`` is ``positions.line_numbers`` of the document; messages name ``file``."""
        self.lines = lines
        self.file = file

    def fail(self, place: Place, message: str) -> NoReturn:
        """Raises ``InputError`` with the line of ``place``."""
        raise InputError(f"{self.file}:{locate(self.lines, place)}: {message}")

    # The tables.

    def known_keys(
        self, table: Mapping[str, Any], place: Place, known: Sequence[str], where: str
    ) -> None:
        """Every key must be one of ``known``."""
        for key in table:
            if key not in known:
                nearest = closest(key, known)
                hint = f"did you mean {nearest!r}?" if nearest else f"known: {', '.join(known)}"
                self.fail((*place, key), f"unknown key {key!r} {where} ({hint})")

    def table(
        self, document: Mapping[str, Any], name: str, known: Sequence[str]
    ) -> Mapping[str, Any]:
        """The table ``[name]``; empty if there is none."""
        table = document.get(name, {})
        if not isinstance(table, dict):
            self.fail((name,), f"{name} must be a table that begins with [{name}]")
        self.known_keys(table, (name,), known, f"in [{name}]")
        return table

    def tables(
        self, document: Mapping[str, Any], name: str, known: Sequence[str]
    ) -> Iterator[tuple[Mapping[str, Any], Place]]:
        """Each table ``[[name]]`` and its place."""
        tables = document.get(name, [])
        if not isinstance(tables, list):
            self.fail((name,), f"a {name} begins with [[{name}]], in double brackets")
        for number, table in enumerate(tables):
            place: Place = (name, number)
            if not isinstance(table, dict):
                self.fail(place, f"a {name} must be a table that begins with [[{name}]]")
            self.known_keys(table, place, known, f"in [[{name}]]")
            yield table, place

    # The kinds of value.

    def text(self, table: Mapping[str, Any], place: Place, default: str | None = None) -> str:
        """A text that says something, in one line; ``default`` if there is none."""
        key = str(place[-1])
        if key not in table and default is not None:
            return default
        if key not in table:
            self.fail(place, f"{section(place)} has no {key}")
        value = table[key]
        if not isinstance(value, str):
            self.fail(place, f"{key} must be a text in quotes, not {_kind(value)}")
        if not value.strip():
            self.fail(place, f"{key} is empty")
        return " ".join(value.split())

    def texts(self, table: Mapping[str, Any], place: Place) -> list[str]:
        """A list of texts; empty if there is none."""
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
        """A number from 0 up; ``default`` if there is none."""
        key = str(place[-1])
        value = table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(place, f"{key} must be a number, not {_kind(value)}")
        if not 0 <= value < float("inf"):
            self.fail(place, f"{key} must be a number from 0 up, not {value}")
        return float(value)

    def share(self, table: Mapping[str, Any], place: Place, default: float) -> float:
        """A number from 0 to 1."""
        value = self.number(table, place, default)
        if value > 1:
            key = place[-1]
            self.fail(
                place,
                f"{key} is a share from 0 to 1, not {value:g} ({value:g} percent is "
                f"{value / 100:g})",
            )
        return value

    def flag(self, table: Mapping[str, Any], place: Place) -> bool:
        """True or false; false if there is none."""
        value = table.get(str(place[-1]), False)
        if not isinstance(value, bool):
            self.fail(place, f"{place[-1]} must be true or false, not {_kind(value)}")
        return value

    def choice(self, value: str, place: Place, known: Sequence[str], what: str) -> str:
        """``value``, which must be one of ``known``; ``what`` they are is named in the message."""
        if value not in known:
            nearest = closest(value, known)
            hint = f"did you mean {nearest!r}?" if nearest else f"there is: {', '.join(known)}"
            self.fail(place, f"{what} {value!r} is not in this playbook ({hint})")
        return value


def section(place: Place) -> str:
    """The header under which ``place`` stands."""
    many = len(place) > 1 and isinstance(place[1], int)
    return f"[[{place[0]}]]" if many else f"[{place[0]}]"


def closest(word: str, known: Sequence[str]) -> str | None:
    """The one of ``known`` that ``word`` is probably a misspelling of, if any."""
    from rapidfuzz import process
    from rapidfuzz.distance import JaroWinkler

    found = process.extractOne(
        word.lower(), known, scorer=JaroWinkler.normalized_similarity, score_cutoff=0.75
    )
    return found[0] if found else None


def listed(names: Sequence[str]) -> str:
    """``'a', 'b' or 'c'``."""
    return ", ".join(repr(name) for name in names[:-1]) + f" or {names[-1]!r}"


def _kind(value: object) -> str:
    kinds = {bool: "true or false", str: "a text", list: "a list", dict: "a table"}
    return kinds.get(type(value), "a number" if isinstance(value, int | float) else "a date")
