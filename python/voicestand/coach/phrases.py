"""The phrases of a playbook: plain words, with alternatives and gaps.

``too (expensive|pricey)`` is two phrases; an empty alternative, ``(really|) slow``, makes a word
optional. ``...`` is a gap: ``over ... budget`` is heard in ``over the whole budget``.
"""

from __future__ import annotations

import re
from itertools import product

from voicestand.coach.words import spoken, word_set, written_out

MOST_VARIANTS = 256
"""Of one part of a phrase; each costs memory."""
GAP = 4
"""Words that ``...`` stands for at most."""

Variant = tuple[str, ...]
"""Words, as ``fluent`` gives them."""

_HESITATIONS = word_set("um umm uhm uh uhh er err erm eh ah hm hmm hmmm mm")
_TOKEN = re.compile(r"[(|)]|[^(|)]+")
_GAP = re.compile(r"\.{3,}|\u2026")


class PhraseError(ValueError):
    """The text is not a usable phrase; the message says why, without the text."""


def parse_phrase(text: str) -> tuple[tuple[Variant, ...], ...]:
    """The parts of a phrase, between which its gaps are, each as the words it may be.

    Raises ``PhraseError``.
    """
    parts = tuple(_variants(part) for part in _GAP.split(text) if spoken(part))
    if not parts:
        raise PhraseError("has no words")
    return parts


def fluent(said: list[str]) -> list[str]:
    """Words as they are compared: contractions in full, no hesitations, none twice in a row."""
    found: list[str] = []
    for word in written_out(said):
        if word not in _HESITATIONS and word not in found[-1:]:
            found.append(word)
    return found


def _variants(text: str) -> tuple[Variant, ...]:
    reader = _Reader(_TOKEN.findall(text))
    found = reader.sequence()
    if reader.at < len(reader.tokens):
        raise PhraseError(f"has a {reader.tokens[reader.at]!r} without a '(' before it")
    variants = tuple(dict.fromkeys(tuple(fluent(spoken(one))) for one in found))
    if () in variants:
        raise PhraseError("can be empty: one word at least must not be optional")
    return variants


class _Reader:
    """Reads ``words (one|other) words``, groups within groups too."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def sequence(self) -> list[str]:
        found = [""]
        while self.at < len(self.tokens) and self.tokens[self.at] not in "|)":
            token = self.tokens[self.at]
            self.at += 1
            choices = self.group() if token == "(" else [token]
            if len(found) * len(choices) > MOST_VARIANTS:
                raise PhraseError(f"stands for more than {MOST_VARIANTS} different phrases")
            found = [f"{before} {after}" for before, after in product(found, choices)]
        return found

    def group(self) -> list[str]:
        choices = self.sequence()
        while self.at < len(self.tokens) and self.tokens[self.at] == "|":
            self.at += 1
            choices += self.sequence()
        if self.at == len(self.tokens):
            raise PhraseError("has a '(' without a ')' after it")
        self.at += 1
        return choices
