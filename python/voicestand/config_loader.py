"""Finds, merges and checks the settings; knows where each value comes from."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

from voicestand.config import RULES, Settings
from voicestand.errors import InputError

PREFIX = "VOICESTAND_"
"""Of the environment variables; section and key are separated by two underscores."""

DEFAULT = "default"
COMMAND_LINE = "command line"

_MOST_BYTES = 64 * 1024
"""A settings file is a page; anything larger was named by mistake."""


class Loaded(NamedTuple):
    """Settings, and where they come from."""

    settings: Settings
    origins: dict[str, str]
    """For each key, e.g. ``audio.device``: ``default``, ``file:line``, an environment variable's
    name, or ``command line``."""
    file: Path | None
    """The TOML file that was read."""


class _Given(NamedTuple):
    """A value that somebody gave."""

    key: str
    value: object
    origin: str
    textual: bool = False
    """From the environment, where everything is text."""


class _Field(NamedTuple):
    type: Any
    allowed: str
    """In words, e.g. ``a number from 0 to 5``."""


def load_with_origins(
    path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object]
) -> Loaded:
    """What :func:`voicestand.config.load` returns, with the origin of every value."""
    file = path
    if file is None:
        usual = default_file(environ)
        file = usual if usual.exists() else None
    fields = _fields()
    given = [] if file is None else _from_file(file, fields)
    given += _from_environment(environ, fields)
    given += [
        _Given(key, value, COMMAND_LINE) for key, value in overrides.items() if value is not None
    ]
    sections: dict[str, dict[str, object]] = {}
    origins = dict.fromkeys(fields, DEFAULT)
    for item in given:
        if item.key not in fields:
            raise _unknown(item, fields)
        section, _, name = item.key.partition(".")
        sections.setdefault(section, {})[name] = _checked(item, fields[item.key])
        origins[item.key] = item.origin
    settings = msgspec.convert(sections, Settings)
    _check_rules(settings, origins)
    return Loaded(settings, origins, file)


def default_file(environ: Mapping[str, str]) -> Path:
    """``$XDG_CONFIG_HOME/voicestand/config.toml``; a relative ``XDG_CONFIG_HOME`` is ignored."""
    configured = Path(environ.get("XDG_CONFIG_HOME", ""))
    folder = configured if configured.is_absolute() else Path.home() / ".config"
    return folder / "voicestand" / "config.toml"


def flat(settings: Settings) -> dict[str, object]:
    """Every value by its key, e.g. ``audio.device``, in the order of the tree."""
    return {
        f"{section}.{name}": value
        for section, values in msgspec.to_builtins(settings).items()
        for name, value in values.items()
    }


def shown(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # A basic string of TOML is one of JSON, but for the one control character JSON allows.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)


def _fields() -> dict[str, _Field]:
    """Every setting there is, by its key."""
    fields = {}
    for section, kind in typing.get_type_hints(Settings).items():
        for name, hint in typing.get_type_hints(kind, include_extras=True).items():
            fields[f"{section}.{name}"] = _Field(hint, _allowed(hint))
    return fields


def _allowed(hint: Any) -> str:
    if typing.get_origin(hint) is typing.Literal:
        return "one of " + ", ".join(map(shown, typing.get_args(hint)))
    match inspect.type_info(hint):
        case inspect.IntType(ge=low, le=high):
            return "a whole number" + _range(low, high)
        case inspect.FloatType(ge=low, le=high):
            return "a number" + _range(low, high)
        case inspect.BoolType():
            return "true or false"
        case inspect.StrType(min_length=least):
            return "text, not empty" if least else "text"
    raise TypeError(f"no words for a setting of type {hint}")


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" from {low:g} to {high:g}"


def _checked(item: _Given, field: _Field) -> object:
    """The value in the field's own type."""
    try:
        return msgspec.convert(item.value, field.type, strict=not item.textual)
    except msgspec.ValidationError as error:
        text = shown(item.value)
        text = text if len(text) <= 60 else f"{text[:57]}..."
        message = f"{item.origin}: {item.key} = {text}: must be {field.allowed}"
        raise InputError(message) from error


def _check_rules(settings: Settings, origins: Mapping[str, str]) -> None:
    values = flat(settings)
    for rule in RULES:
        if not rule.holds(settings):
            stated = ", ".join(
                f"{key} = {shown(values[key])} ({origins[key]})" for key in rule.keys
            )
            raise InputError(f"{stated}: {rule.demand}")


def _unknown(item: _Given, fields: Iterable[str]) -> InputError:
    nearest = _nearest(item.key, fields)
    if nearest and item.textual:
        nearest = _variable(nearest)
    advice = f"did you mean {nearest}?" if nearest else "voicestand config show lists all"
    name = item.origin if item.textual else f"{item.origin}: {item.key}"
    return InputError(f"{name} is not a setting: {advice}")


def _nearest(key: str, fields: Iterable[str]) -> str | None:
    """The known key that ``key`` was most likely meant to be."""
    from rapidfuzz import fuzz, process

    known = list(fields)
    whole = process.extractOne(key, known, scorer=fuzz.ratio, score_cutoff=75)
    if whole:
        return str(whole[0])
    # The right name in the wrong section, or in none.
    names = [name.partition(".")[2] for name in known]
    last = process.extractOne(key.rpartition(".")[2], names, scorer=fuzz.ratio, score_cutoff=75)
    return known[last[2]] if last else None


def _variable(key: str) -> str:
    return PREFIX + key.replace(".", "__").upper()


def _from_environment(environ: Mapping[str, str], fields: Iterable[str]) -> list[_Given]:
    # One underscore for two is the likeliest slip of all and must not pass for some other
    # program's variable, as VOICESTAND_DEBUG does.
    slips = {_variable(key).replace("__", "_"): key for key in fields}
    given = []
    for name, value in environ.items():
        if name in slips:
            raise InputError(f"{name} is not a setting: did you mean {_variable(slips[name])}?")
        if name.startswith(PREFIX) and "__" in name:
            key = name.removeprefix(PREFIX).lower().replace("__", ".", 1)
            given.append(_Given(key, value, name, textual=True))
    return given


def _from_file(path: Path, fields: Iterable[str]) -> list[_Given]:
    text = _read(path)
    tree = _parse(text, path)
    lines = _lines(text)
    sections = {key.partition(".")[0] for key in fields}
    given = []
    for section, values in tree.items():
        if isinstance(values, dict):
            given += [
                _Given(key, value, f"{path}:{lines.get(key, lines[section])}")
                for key, value in ((f"{section}.{name}", value) for name, value in values.items())
            ]
            if not values and section not in sections:
                raise _unknown(_Given(section, values, f"{path}:{lines[section]}"), sections)
        elif section in sections:
            raise InputError(
                f"{path}:{lines[section]}: {section} is a section: "
                f"write [{section}] on a line of its own and its settings below"
            )
        else:
            given.append(_Given(section, values, f"{path}:{lines[section]}"))
    return given


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read the settings file {path}: {error.strerror}") from error
    if len(content) > _MOST_BYTES:
        raise InputError(f"{path} is larger than 64 KiB: that is no settings file")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line}: not UTF-8 text: save it as UTF-8") from error


def _parse(text: str, path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not valid TOML: {error}") from error
    except RecursionError as error:
        raise InputError(f"{path}: not valid TOML: nested too deeply") from error


def _lines(text: str) -> dict[str, int]:
    """The line on which each section and each ``section.key`` of a valid TOML text begins.

    ``tomllib`` does not tell. A statement is the fewest lines that are valid TOML by themselves,
    which holds for values over several lines, dotted and quoted keys, and inline tables.
    """
    import tomllib

    lines: dict[str, int] = {}
    header: tuple[str, ...] = ()
    statement, first = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        statement, first = (statement + "\n" + line, first) if statement else (line, number)
        try:
            tree = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        is_header = statement.lstrip().startswith("[")
        paths = list(_paths(tree))
        if is_header:
            header = paths[0]
        for path in paths:
            keys = path if is_header else header + path
            for depth in range(1, min(len(keys), 2) + 1):
                lines.setdefault(".".join(keys[:depth]), first)
        statement = ""
    return lines


def _paths(tree: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    """The path of every leaf; an array of tables counts as its first table."""
    for key, value in tree.items():
        below = value[0] if isinstance(value, list) and value == [{}] else value
        if isinstance(below, dict) and below:
            for rest in _paths(below):
                yield (key, *rest)
        else:
            yield (key,)
