"""On which line of a TOML document each value stands. The parser of the standard library is silent.

The document must be valid: ``tomllib`` has read it before. So this scan only has to find where
keys and values begin, not to check them; it follows the grammar of https://toml.io/en/v1.0.0.
"""

from __future__ import annotations

import re
import tomllib

Path = tuple[str | int, ...]
"""Keys and indices from the root: ``("trigger", 0, "phrases", 2)``."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY_PART = re.compile(r"""[ \t]*("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)[ \t]*(\.?)""")
_STRING = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'(?:.)*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\'''', re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def line_numbers(document: str) -> dict[Path, int]:
    """The line, from 1, of every table, key and array element of a valid TOML document.

    A key stands where its name begins, an element of an array where its value begins, a table
    where its header or, without one, its first key stands.
    """
    scan = _Scan(document)
    scan.run()
    return scan.lines


class _Scan:
    def __init__(self, document: str) -> None:
        self.text = document
        self.at = 0
        self.lines: dict[Path, int] = {(): 1}
        self.tables: dict[Path, int] = {}
        """How many tables each array of tables has so far."""
        self.counted = (0, 1)

    def run(self) -> None:
        table: Path = ()
        self.skip_blank()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.key_and_value(table)
            self.skip_blank()

    def skip_blank(self) -> None:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def line(self) -> int:
        """The line of the current position; positions only grow, so each break is counted once."""
        counted, line = self.counted
        line += self.text.count("\n", counted, self.at)
        self.counted = (self.at, line)
        return line

    def note(self, path: Path) -> None:
        line = self.line()
        for depth in range(1, len(path) + 1):
            self.lines.setdefault(path[:depth], line)

    def header(self) -> Path:
        line_starts_here = self.at
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        names = self.key()
        path: Path = ()
        for depth, name in enumerate(names, 1):
            path = (*path, name)
            if depth == len(names) and many:
                self.tables[path] = self.tables.get(path, 0) + 1
            if path in self.tables:
                path = (*path, self.tables[path] - 1)
        end = self.at + (2 if many else 1)
        self.at = line_starts_here
        self.note(path)
        self.at = end
        return path

    def key(self) -> list[str]:
        names = []
        while match := _KEY_PART.match(self.text, self.at):
            name = match[1]
            # A quoted key is read as the parser reads it, escapes and all.
            names.append(next(iter(tomllib.loads(f"{name} = 0"))))
            self.at = match.end()
            if not match[2]:
                break
        return names

    def key_and_value(self, table: Path) -> None:
        start = self.at
        names = self.key()
        end, self.at = self.at, start
        path = (*table, *names)
        self.note(path)
        self.at = end + 1  # past the "="
        self.skip_blank()
        self.value(path)

    def value(self, path: Path) -> None:
        opening = self.text[self.at]
        if opening == "[":
            self.array(path)
        elif opening == "{":
            self.inline_table(path)
        else:
            match = (_STRING if opening in "\"'" else _SCALAR).match(self.text, self.at)
            self.at = match.end() if match else len(self.text)

    def array(self, path: Path) -> None:
        self.at += 1
        self.skip_blank()
        index = 0
        while self.text[self.at] != "]":
            self.note((*path, index))
            self.value((*path, index))
            index += 1
            self.skip_separator()
        self.at += 1

    def inline_table(self, path: Path) -> None:
        self.at += 1
        self.skip_blank()
        while self.text[self.at] != "}":
            self.key_and_value(path)
            self.skip_separator()
        self.at += 1

    def skip_separator(self) -> None:
        self.skip_blank()
        if self.text[self.at] == ",":
            self.at += 1
            self.skip_blank()


def locate(lines: dict[Path, int], path: Path) -> int:
    """The line of ``path`` or, where that is not in the document, of what contains it."""
    while path not in lines:
        path = path[:-1]
    return lines[path]
