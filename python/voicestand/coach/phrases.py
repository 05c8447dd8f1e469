"""The phrases of a playbook: plain words, with alternatives and gaps.

``too (expensive|pricey)`` is two phrases; an empty alternative, ``(really|) slow``, makes a word
optional. ``...`` is a gap: ``over ... budget`` is heard in ``over the whole budget``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from voicestand.coach.fillers import HESITATIONS
from voicestand.coach.words import spoken, written_out

MANY_VARIANTS = 64
"""Of one part of a phrase; a part with more is heard piece by piece, which costs less memory but
near misses."""
MOST_VARIANTS = 512
"""Of one piece."""
GAP = 4
"""Words that ``...`` stands for at most."""

Variant = tuple[str, ...]
"""Words, as ``fluent`` gives them."""

_TOKEN = re.compile(r"[(|)]|[^(|)]+")
_GAP = re.compile(r"\.{3,}|\u2026")


class PhraseError(ValueError):
    """The text is not a usable phrase; the message says why, without the text."""


class Part(NamedTuple):
    """A piece of a phrase."""

    variants: tuple[Variant, ...]
    """The words that it may be."""
    gap: int
    """How many words may be between it and the part before it."""
    optional: bool = False
    """It need not be heard; never the first or the last."""


@lru_cache(maxsize=4096)
def parse_phrase(text: str) -> tuple[Part, ...]:
    """The parts of a phrase, in order. Raises ``PhraseError``."""
    parts: list[Part] = []
    for stretch in _GAP.split(text):
        if not spoken(stretch):
            continue
        gap = GAP
        for variants in _pieces(stretch):
            parts.append(Part(tuple(one for one in variants if one), gap, () in variants))
            gap = 0
    if not parts:
        raise PhraseError("has no words")
    return tuple(parts)


def fluent(said: Sequence[str]) -> list[str]:
    """Words as they are compared: contractions in full, no hesitations, none twice in a row."""
    found: list[str] = []
    for word in written_out(said):
        if word not in HESITATIONS and word not in found[-1:]:
            found.append(word)
    return found


def _pieces(text: str) -> list[tuple[Variant, ...]]:
    """What stands between two gaps, as one piece or, where that has too many variants, several."""
    reader = _Reader(_TOKEN.findall(text))
    items = reader.items()
    if reader.at < len(reader.tokens):
        raise PhraseError(f"has a {reader.tokens[reader.at]!r} without a '(' before it")
    pieces: list[list[Variant]] = [[()]]
    for choices in items:
        before = pieces[-1]
        many = len(before) * len(choices) > MANY_VARIANTS
        # What may be missing belongs to a piece that says something; only the first must.
        if many and (_all_say_something(before) or (pieces[1:] and _all_say_something(choices))):
            pieces.append(choices)
        else:
            pieces[-1] = _product(before, choices)
    if len(pieces) > 1 and not _all_say_something(pieces[-1]):
        pieces.pop()  # what may be missing at the end changes nothing
    found = [tuple(dict.fromkeys(tuple(fluent(one)) for one in piece)) for piece in pieces]
    if () in found[0]:
        raise PhraseError("can be empty: one word at least must not be optional")
    return found


def _all_say_something(choices: list[Variant]) -> bool:
    return all(choices)


def _product(before: list[Variant], after: list[Variant]) -> list[Variant]:
    if len(before) * len(after) > MOST_VARIANTS:
        raise PhraseError(f"stands for more than {MOST_VARIANTS} different phrases")
    return [one + other for one, other in product(before, after)]


class _Reader:
    """Reads ``words (one|other) words``, groups within groups too."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def items(self) -> list[list[Variant]]:
        """What follows each other, each as its choices."""
        found = []
        while self.at < len(self.tokens) and self.tokens[self.at] not in "|)":
            token = self.tokens[self.at]
            self.at += 1
            found.append(self.group() if token == "(" else [tuple(spoken(token))])
        return found

    def group(self) -> list[Variant]:
        choices = self.joined()
        while self.at < len(self.tokens) and self.tokens[self.at] == "|":
            self.at += 1
            choices += self.joined()
        if self.at == len(self.tokens):
            raise PhraseError("has a '(' without a ')' after it")
        self.at += 1
        return choices

    def joined(self) -> list[Variant]:
        found: list[Variant] = [()]
        for choices in self.items():
            found = _product(found, choices)
        return found
