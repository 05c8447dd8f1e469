"""What the user's own documents say to a question that was asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import NamedTuple

from voicestand.coach.questions import count_questions
from voicestand.coach.words import spoken
from voicestand.knowledge.knowledge import Passage
from voicestand.knowledge.stop_words import STOP_WORDS

PASSAGES = 3
"""Looked at for one question."""

LEAST_SHARED = 2
LEAST_SHARE = 0.5
"""Words of a question, those without meaning left out, that a passage must have: so many, and so
large a part of them. A miss is preferred to a false alarm."""

LONGEST_QUOTE = 200
"""Characters of what is shown."""

_STEM = 5
"""Letters that words must share at their beginning to count as one."""
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?!\s)[^.!?\n]*)*[.!?]?")

Search = Callable[[str, int], Sequence[Passage]]


class Quote(NamedTuple):
    """A sentence that may answer a question."""

    text: str
    source: str
    """The document and the place in it, for a person."""
    share: float
    """Of the words of the question that its passage has."""


def passages_for(text: str, search: Search) -> list[Passage]:
    """The passages that have enough to do with what was said, the best first."""
    wanted = _meaningful(text)
    if len(wanted) < LEAST_SHARED:
        return []
    return [
        passage
        for passage in search(text, PASSAGES)
        if len(shared := wanted & _meaningful(_whole(passage))) >= LEAST_SHARED
        and len(shared) >= LEAST_SHARE * len(wanted)
    ]


def quote(text: str, passages: Sequence[Passage]) -> Quote | None:
    """The sentence of the best passage that answers a question in ``text``, if one is asked."""
    if not passages or not count_questions(text):
        return None
    best = passages[0]
    wanted = _meaningful(text)
    sentences = [found.strip() for found in _SENTENCE.findall(best.text) if found.strip()]
    chosen = max(sentences, key=lambda one: len(wanted & _meaningful(one)), default=best.text)
    share = len(wanted & _meaningful(_whole(best))) / len(wanted)
    return Quote(_shortened(chosen), named(best), share)


def named(passage: Passage) -> str:
    """The document and the place in it, as a person would say it."""
    place = str(passage.place)
    name = PurePath(passage.source).name
    return f"{name}, {place}" if place else name


def _whole(passage: Passage) -> str:
    return f"{' '.join(passage.place.headings)} {passage.text}"


def _meaningful(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in spoken(text) if word not in STOP_WORDS)


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    if len(text) <= LONGEST_QUOTE:
        return text
    return text[: LONGEST_QUOTE - 1].rpartition(" ")[0] + "…"
