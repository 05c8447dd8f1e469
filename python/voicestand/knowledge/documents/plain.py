"""Text: paragraphs between empty lines."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from voicestand.errors import InputError
from voicestand.knowledge.documents.block import Block

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MOST_CONTROLS = 0.01
"""Share of characters; a page of a terminal has some, a program has many more."""


def decoded(data: bytes) -> str:
    """The text in ``data``: by its byte order mark, as UTF-8, or else as Windows-1252.

    Raises ``InputError`` for what is no text.
    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    try:
        text = data.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        if encoding is not None:
            raise InputError(f"is no text: it says {encoding} and is not") from None
        text = data.decode("cp1252", errors="replace")
    controls = sum(not c.isprintable() and not c.isspace() for c in text[:100_000])
    if "\0" in text or controls > _MOST_CONTROLS * min(len(text), 100_000):
        raise InputError("is no text: it holds binary data")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read(data: bytes) -> list[Block]:
    """The paragraphs. Raises ``InputError`` for what is no text."""
    return [Block(text, line=line) for text, line in paragraphs(decoded(data))]


def paragraphs(text: str) -> Iterator[tuple[str, int]]:
    """Each paragraph with the line that it begins in."""
    lines: list[str] = []
    begin = 1
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            if not lines:
                begin = number
            lines.append(line)
        elif lines:
            yield "\n".join(lines), begin
            lines = []
    if lines:
        yield "\n".join(lines), begin
