"""Cutting a document into passages: at headings and pages, else between paragraphs or sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from voicestand.knowledge.documents.block import Block

FEWEST, MOST = 80, 200
"""Words of a passage; only what a section or page ends with may have fewer."""

LONGEST_PIECE = MOST - FEWEST
"""Words of what is never cut: it fits behind whatever is not yet a passage."""

LONGEST_WORD = 80
"""Characters; what is longer (an address, a key, text without spaces) is several words."""

VERSION = 1
"""Goes into a document's digest: after a change here everything is cut anew on the next ``add``."""

_WORD = re.compile(rf"\S{{1,{LONGEST_WORD}}}")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*$")


class Cut(msgspec.Struct, frozen=True):
    """A passage as it is cut."""

    text: str
    """Its paragraphs, one a line, each with single spaces."""
    headings: tuple[str, ...]
    page: int | None
    line: int | None
    """Where it begins, counted from 1."""


class _Piece(msgspec.Struct):
    """A paragraph, or a part of one, that stays whole."""

    words: list[str]
    block: Block
    line: int | None
    begins_paragraph: bool


def cut(blocks: Iterable[Block]) -> Iterator[Cut]:
    """The passages of a document, in its order; no word is lost, none is in two."""
    waiting: list[_Piece] = []
    count = 0
    for block in blocks:
        if waiting and _ends(waiting[0].block, block):
            yield _passage(waiting)
            waiting, count = [], 0
        for piece in _pieces(block):
            if count + len(piece.words) > MOST:
                yield _passage(waiting)
                waiting, count = [], 0
            waiting.append(piece)
            count += len(piece.words)
    if waiting:
        yield _passage(waiting)


def _ends(begun: Block, block: Block) -> bool:
    """Whether a section or a page has ended: else a passage's place would not be all of its own."""
    return begun.headings != block.headings or begun.page != block.page


def _passage(pieces: list[_Piece]) -> Cut:
    first = pieces[0]
    parts = []
    for piece in pieces:
        parts += ["\n" if piece.begins_paragraph else " ", " ".join(piece.words)]
    return Cut("".join(parts[1:]), first.block.headings, first.block.page, first.line)


def _pieces(block: Block) -> Iterator[_Piece]:
    """The paragraph whole if it is short, else in parts that end with sentences where they can."""
    words: list[str] = []
    line = block.line
    begins = True
    at, line_at = 0, block.line  # how far newlines are counted
    sentence_end = 0  # in ``words``
    lines: list[int | None] = []
    for found in _WORD.finditer(block.text):
        if line_at is not None:
            line_at += block.text.count("\n", at, found.start())
            at = found.start()
        words.append(found[0])
        lines.append(line_at)
        if len(words) > LONGEST_PIECE:
            end = sentence_end or LONGEST_PIECE
            yield _Piece(words[:end], block, lines[0], begins)
            words, lines, begins, sentence_end = words[end:], lines[end:], False, 0
        elif _SENTENCE_END.search(found[0]):
            sentence_end = len(words)
    if words:
        line = lines[0]
        yield _Piece(words, block, line, begins)
