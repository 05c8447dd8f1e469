"""Playbooks: what to listen for and what to suggest. The format: docs/coaching.md."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from voicestand.coach.limits import Thresholds
from voicestand.coach.playbook_builder import build
from voicestand.coach.playbook_schema import Playbook, Trigger
from voicestand.coach.playbook_values import closest
from voicestand.coach.positions import line_numbers
from voicestand.errors import InputError

__all__ = ["Playbook", "Thresholds", "Trigger", "find", "load", "parse", "shipped"]

LARGEST_FILE = 4_000_000
"""Bytes; a playbook of 10,000 triggers has about half. A larger file is not a playbook."""


def find(name_or_path: str) -> Playbook:
    """The playbook of that name that comes with VoiceStand, or the one in that file.

    Anything with a folder separator or ending in ``.toml`` is a path, everything else a name.
    Raises ``InputError`` if there is none or it has a mistake.
    """
    path = own_file(name_or_path)
    if path is not None:
        return load(path)
    available = shipped()
    if name_or_path in available:
        return load(available[name_or_path])
    names = tuple(available)
    nearest = closest(name_or_path, names)
    hint = f"did you mean {nearest!r}?" if nearest else "a file of your own must end in .toml"
    raise InputError(
        f"no playbook is called {name_or_path!r}; there is: {', '.join(names)} ({hint})"
    )


def own_file(name_or_path: str) -> Path | None:
    """The file that is meant; none if it is the name of one that comes with VoiceStand."""
    is_path = "/" in name_or_path or name_or_path.endswith(".toml")
    return Path(name_or_path) if is_path else None


def shipped() -> dict[str, Path]:
    """The playbooks that come with VoiceStand: name and file, by name."""
    from importlib.resources import files

    folder = Path(str(files("voicestand.coach") / "playbooks"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load(path: Path) -> Playbook:
    """Reads and checks one playbook.

    Raises ``InputError`` for the first mistake: one line with the file, the line and what is wrong.
    """
    return parse(_read(path), str(path))


def parse(source: str, file: str) -> Playbook:
    """The playbook that a TOML text describes; ``file`` is what messages call it.

    Raises ``InputError`` for the first mistake.
    """
    try:
        document = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file}:{_not_toml(str(error), source)}") from None
    except RecursionError:
        raise InputError(f"{file}: lists or tables are nested too deeply") from None
    return build(document, line_numbers(source), file)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, not a playbook file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot read playbook {path}: {reason}") from None
    if len(data) > LARGEST_FILE:
        raise InputError(f"{path} is larger than {LARGEST_FILE} bytes: not a playbook")
    try:
        # A byte order mark is dropped, and line ends are made one kind as the parser does.
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line}: not UTF-8: save the file in that encoding") from None


def _not_toml(message: str, source: str) -> str:
    """``LINE: not TOML: REASON`` out of the parser's ``REASON (at line L, column C)``."""
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", message)
    if match is None:
        return f" not TOML: {message}"
    reason, line, column = match.groups()
    if line is None:
        return f"{source.rstrip().count(chr(10)) + 1}: not TOML: {reason} at the end of the file"
    return f"{line}: not TOML: {reason}, column {column}"
