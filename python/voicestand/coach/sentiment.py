"""How kindly the words of an utterance sound: a small lexicon with negation and degree.

The rules follow Hutto and Gilbert, "VADER: a parsimonious rule-based model for sentiment analysis
of social media text" (2014), and Taboada et al., "Lexicon-based methods for sentiment analysis"
(2011); the lexicon is our own, for calls. English words only: no voice, no irony, no context.
"""

from __future__ import annotations

from typing import NamedTuple

from voicestand.coach.negation import is_negated
from voicestand.coach.sentiment_lexicon import BOOSTERS, DAMPENERS, PHRASES, WORDS

PRIOR = 16
"""Weight of the neutral evidence that everybody begins with, so that one kind word is no mood."""
RECENT_MINUTES = 5
"""The trend compares so many last minutes with all before."""
EVIDENCE = 24
"""Weight that either side of a trend must have: three plain words of feeling."""


class Feeling(NamedTuple):
    """Weights of the kind and the unkind words; a plain one such as ``good`` weighs 8."""

    positive: int
    negative: int

    def plus(self, other: Feeling) -> Feeling:
        """Both together."""
        return Feeling(self.positive + other.positive, self.negative + other.negative)

    @property
    def weight(self) -> int:
        """How much there is to judge by."""
        return self.positive + self.negative

    @property
    def sentiment(self) -> float:
        """Between -1, all unkind, and 1, all kind; 0 without evidence."""
        return (self.positive - self.negative) / (self.weight + PRIOR)


NONE = Feeling(0, 0)


_BEGINNINGS = frozenset(phrase.split()[0] for phrase in PHRASES)


def feeling(words: list[str]) -> Feeling:
    """What ``words``, as ``words.written_out`` gives, show of feeling."""
    positive = negative = 0
    at = 0
    while at < len(words):
        length, weight = _weight_at(words, at)
        if weight:
            weight = _in_context(weight, words, at)
            positive += max(0, weight)
            negative += max(0, -weight)
        at += length
    return Feeling(positive, negative)


def _weight_at(words: list[str], at: int) -> tuple[int, int]:
    """The number of words that mean something together here, and their weight."""
    if words[at] in _BEGINNINGS:
        for length in (3, 2):
            weight = PHRASES.get(" ".join(words[at : at + length]))
            if weight is not None:
                return min(length, len(words) - at), weight
    return 1, WORDS.get(words[at], 0)


def _in_context(weight: int, words: list[str], at: int) -> int:
    """The weight with what stands before it: ``very`` half more, ``a bit`` half.

    A negation turns it and halves it: ``not good`` is less bad than ``bad``.
    """
    before = words[at - 1] if at else ""
    if before in BOOSTERS:
        at, weight = at - 1, weight * 3 // 2
    elif before in DAMPENERS:
        at, weight = at - 1, weight // 2
    return -weight // 2 if is_negated(words, at) else weight


class Mood:
    """The feeling of one channel so far, and of its last minutes; constant size."""

    def __init__(self) -> None:
        self.total = NONE
        self._minutes: dict[int, Feeling] = {}

    def add(self, end: int, shown: Feeling) -> None:
        """Takes an utterance that ended at ``end`` microseconds."""
        self.total = self.total.plus(shown)
        minute = end // 60_000_000
        self._minutes[minute] = self._minutes.get(minute, NONE).plus(shown)
        if len(self._minutes) > RECENT_MINUTES:
            del self._minutes[min(self._minutes)]

    def trend(self, end: int) -> float | None:
        """Sentiment of the last minutes up to ``end`` less that of all before.

        Between -2 and 2; None while either has too little evidence.
        """
        first = end // 60_000_000 - RECENT_MINUTES + 1
        recent = NONE
        for minute, shown in self._minutes.items():
            if minute >= first:
                recent = recent.plus(shown)
        before = Feeling(
            self.total.positive - recent.positive, self.total.negative - recent.negative
        )
        if min(recent.weight, before.weight) < EVIDENCE:
            return None
        return recent.sentiment - before.sentiment
