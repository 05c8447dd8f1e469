"""Markdown: headings, paragraphs, list items, table rows, fenced code."""

from __future__ import annotations

import re

from voicestand.knowledge.documents.block import Block, Outline
from voicestand.knowledge.documents.plain import decoded

_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$")
_CLOSING = re.compile(r"(?:^|[ \t])#+[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+")
_QUOTE = re.compile(r"[ \t]{0,3}(?:>[ \t]?)+")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t:|-]*-[ \t:|-]*$")

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_LINK = re.compile(r"!?\[([^\[\]\n]{0,500})\](?:\([^()\n]{0,2000}\)|\[[^\[\]\n]{0,200}\])")
_AUTOMATIC_LINK = re.compile(r"<(https?://[^<>\s]{1,2000})>")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,500}>")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_CELL_END = re.compile(r"(?<!\\)\|")
_EMPHASIS = re.compile(r"(?<![\w\\])[*_]{1,3}(?=\S)|(?<=[^\s\\])[*_]{1,3}(?!\w)|`+")


def read(data: bytes) -> list[Block]:
    """The blocks. Raises ``InputError`` for what is no text."""
    return _Reader(decoded(data)).read()


def _plain(text: str) -> str:
    """Without marks of emphasis, addresses of links and tags; with the same line breaks."""
    text = _LINK.sub(r"\1", text)
    text = _TAG.sub(" ", _AUTOMATIC_LINK.sub(r"\1", text))
    return _ESCAPE.sub(r"\1", _EMPHASIS.sub("", text))


class _Reader:
    """Goes through the lines once."""

    def __init__(self, text: str) -> None:
        # A comment's line breaks stay, so that lines keep their numbers.
        self._lines = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text).split("\n")
        self._outline = Outline()
        self._open: list[str] = []
        """The lines of the paragraph that has begun, in line ``_begin``."""
        self._begin = 1

    def read(self) -> list[Block]:
        fence = ""
        for number, line in enumerate(self._lines[self._skipped() :], self._skipped() + 1):
            found = _FENCE.match(line)
            if fence:
                if found and found[1].startswith(fence) and not line[found.end() :].strip():
                    self._close(code=True)
                    fence = ""
                else:
                    self._add(line, number)
            elif found:
                self._close()
                fence = found[1]
            else:
                self._line(line, number)
        self._close(code=bool(fence))
        return self._outline.close()

    def _skipped(self) -> int:
        """How many lines of front matter there are."""
        if self._lines[0].rstrip() == "---":
            for number, line in enumerate(self._lines[1:200], 2):
                if line.rstrip() in ("---", "..."):
                    return number
        return 0

    def _line(self, line: str, number: int) -> None:
        line = _QUOTE.sub("", line, count=1) if line.lstrip()[:1] == ">" else line
        if not line.strip():
            self._close()
        elif found := _HEADING.match(line):
            self._close()
            title = _CLOSING.sub("", found[2] or "")
            self._outline.heading(len(found[1]), _plain(title), number)
        elif self._open and (found := _UNDERLINE.match(line)) and not _is_table(self._open[-1]):
            title, self._open = "\n".join(self._open), []
            self._outline.heading(1 if found[1][0] == "=" else 2, _plain(title), self._begin)
        elif _RULE.match(line):
            self._close()
        elif _is_table(line) or _ITEM.match(line):
            self._close()
            if not _TABLE_RULE.match(line):
                self._add(line, number)
        else:
            self._add(line, number)

    def _add(self, line: str, number: int) -> None:
        if not self._open:
            self._begin = number
        self._open.append(line)

    def _close(self, *, code: bool = False) -> None:
        text = "\n".join(self._open)
        if not code:
            if _is_table(text):
                cells = (cell.strip() for cell in _CELL_END.split(text.strip()))
                text = " | ".join(cell for cell in cells if cell)
            text = _plain(text)
        self._outline.paragraph(text, line=self._begin)
        self._open = []


def _is_table(line: str) -> bool:
    return line.lstrip().startswith("|")
