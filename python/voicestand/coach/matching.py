"""Which triggers an utterance matches, although the recognizer misheard a word of it.

Phrases match on whole words, in the words as said and with contractions written out. A phrase of
two words or more also matches a near miss: words at the same place that share one of its rarer
words and are at least ``NEAR`` alike in spelling. What is negated does not match.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from voicestand.coach.patterns import LONGEST_TEXT
from voicestand.coach.playbook_schema import Trigger
from voicestand.coach.words import spoken, word_set, written_out

NEAR = 85.0
"""Similarity, 0 to 100 (normalized indel similarity): "two expensive" for "too expensive" has 92,
"not expensive" 84.6, "less expensive" 74."""

_STOP_WORDS = word_set(
    "a an the i you we they he she it me us them my your our their his her its this that these "
    "those is are was were be been am do does did have has had will would can could should may "
    "of to in on at for with by from as and or but so not no if then than there here what how "
    "much too very just"
)
"""Too frequent to say that a near miss is near."""
_NEGATIONS = word_set("not never no without hardly nor neither")
_CLAUSE_ENDS = word_set("but and so because or however although then though")
NEGATION_REACH = 4
"""Words before a match in which a negation still bears on it."""


class Match(NamedTuple):
    """One trigger found in an utterance."""

    trigger: int
    """Its place in the list given at construction."""
    score: float
    """How much of the utterance it explains: matched characters times similarity, 0 to 1."""


class Matcher:
    """Finds triggers in utterances; made once for a playbook.

    The cost of phrases grows with the utterance, not with the number of triggers; patterns are
    tried one by one.
    """

    def __init__(self, triggers: Sequence[Trigger]) -> None:
        # Imported here: it costs 20 ms, which a program that does not coach should not pay.
        from rapidfuzz.fuzz import ratio

        self._similarity: Callable[..., float] = ratio
        self._patterns = [
            (number, pattern)
            for number, trigger in enumerate(triggers)
            for pattern in trigger.patterns
        ]
        self._exact: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self._by_word: dict[str, list[tuple[tuple[str, ...], int]]] = defaultdict(list)
        for number, trigger in enumerate(triggers):
            for phrase in trigger.phrases:
                self._add(tuple(written_out(spoken(phrase))), number)
        self._longest = max(map(len, self._exact), default=0)

    def _add(self, phrase: tuple[str, ...], number: int) -> None:
        self._exact[phrase].append(number)
        if len(phrase) < 2:
            return
        for place, word in enumerate(phrase):
            if word not in _STOP_WORDS:
                self._by_word[word].append((phrase, place))

    def find(self, text: str) -> list[Match]:
        """The triggers that match, each once with its best score, in the order of the playbook."""
        said = spoken(text)
        words = written_out(said)
        best: dict[int, float] = {}
        for number, score in (*self._phrases(words), *self._pattern_matches(said, words)):
            best[number] = max(score, best.get(number, 0.0))
        return [Match(number, best[number]) for number in sorted(best)]

    def _phrases(self, words: list[str]) -> Iterator[tuple[int, float]]:
        for start in range(len(words)):
            for end in range(start + 1, min(start + self._longest, len(words)) + 1):
                numbers = self._exact.get(tuple(words[start:end]))
                if numbers and not is_negated(words, start):
                    length = _characters(words[start:end])
                    yield from ((number, float(length)) for number in numbers)
        yield from self._near_misses(words)

    def _near_misses(self, words: list[str]) -> Iterator[tuple[int, float]]:
        for at, word in enumerate(words):
            for phrase, place in self._by_word.get(word, ()):
                start = at - place
                # A recognizer also splits and joins words, so the window may be one longer or
                # shorter, and begin one earlier or later.
                for first in (start - 1, start, start + 1):
                    for size in (len(phrase) - 1, len(phrase), len(phrase) + 1):
                        if first < 0 or not first <= at < first + size <= len(words):
                            continue
                        score = self._alike(words, first, first + size, phrase)
                        if score:
                            yield from ((number, score) for number in self._exact[phrase])

    def _alike(self, words: list[str], start: int, end: int, phrase: tuple[str, ...]) -> float:
        window = words[start:end]
        likeness = self._similarity(" ".join(window), " ".join(phrase), score_cutoff=NEAR)
        if likeness < NEAR or _negations(window) != _negations(phrase) or is_negated(words, start):
            return 0.0
        return _characters(phrase) * likeness / 100

    def _pattern_matches(self, said: list[str], words: list[str]) -> Iterator[tuple[int, float]]:
        texts = [said] if said == words else [said, words]
        for form in texts:
            text = " ".join(form)[:LONGEST_TEXT]
            for number, pattern in self._patterns:
                match = pattern.search(text)
                if match and not is_negated(form, text.count(" ", 0, match.start())):
                    yield number, float(match.end() - match.start())


def is_negated(words: Sequence[str], at: int) -> bool:
    """Whether what begins at word ``at`` is denied by a negation shortly before it.

    ``it is not too expensive`` is; ``no it is too expensive``, ``not only too expensive`` and
    ``do not you think it is too expensive`` are not.
    """
    for place in range(at - 1, max(-1, at - 1 - NEGATION_REACH), -1):
        word = words[place]
        if word in _CLAUSE_ENDS:
            return False
        if word in _NEGATIONS or word.endswith("n't"):
            after = words[place + 1]
            if word == "no":  # an answer, unless it belongs to the very next words
                return 0 < place == at - 1
            return after not in ("only", "just", "you", "we", "they", "i")
    return False


def _negations(words: Sequence[str]) -> int:
    return sum(word in _NEGATIONS for word in words)


def _characters(words: Sequence[str]) -> int:
    return sum(map(len, words)) + len(words) - 1
