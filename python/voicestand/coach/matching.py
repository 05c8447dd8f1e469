"""Which triggers an utterance matches, although the recognizer misheard a word of it.

Phrases match on whole words with contractions written out; how the words are split does not matter
("light house", "lighthouse"). A phrase of two words or more also matches a near miss: words that
share one of its rarer words and are at least ``NEAR`` alike in spelling. What is negated does not
match.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from voicestand.coach.patterns import LONGEST_TEXT, required_literal
from voicestand.coach.playbook_schema import Trigger
from voicestand.coach.words import spoken, word_set, written_out

NEAR = 85.0
"""Similarity, 0 to 100 (normalized indel similarity): "two expensive" for "too expensive" has 92,
"not expensive" 84.6, "less expensive" 74."""
WORD_NEAR = 55.0
"""What each rarer word of a near miss must have with a word said at its place, or one beside it
("bus" for "boss": 57). It only narrows the search, so it is generous."""
REMEMBERED_WORDS = 20_000
"""Words whose neighbours are kept; a long call has a few thousand different ones."""

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


class _Phrase(NamedTuple):
    text: str
    words: tuple[str, ...]
    triggers: list[int]


class _Anchor(NamedTuple):
    """One rarer word of a phrase, by which a near miss is found."""

    phrase: _Phrase
    place: int
    """Of this word in the phrase."""
    others: tuple[tuple[int, str], ...]
    """The other rarer words, and how many words they stand after (or, below 0, before) this."""


class Matcher:
    """Finds triggers in utterances; made once for a playbook.

    The cost of phrases grows with those that share a rarer word with the utterance, not with all;
    patterns are tried one by one.
    """

    def __init__(self, triggers: Sequence[Trigger]) -> None:
        # Imported here: it costs 60 ms, which a program that does not coach should not pay.
        from rapidfuzz.fuzz import ratio

        self._similarity: Callable[..., float] = ratio
        self._patterns = [
            (number, pattern, required_literal(pattern.pattern))
            for number, trigger in enumerate(triggers)
            for pattern in trigger.patterns
        ]
        phrases: dict[tuple[str, ...], _Phrase] = {}
        for number, trigger in enumerate(triggers):
            for text in trigger.phrases:
                words = tuple(written_out(spoken(text)))
                phrase = _Phrase(" ".join(words), words, [])
                phrases.setdefault(words, phrase).triggers.append(number)
        self._unspaced: dict[str, list[int]] = defaultdict(list)
        self._anchors: dict[str, list[_Anchor]] = defaultdict(list)
        for words, phrase in phrases.items():
            self._unspaced["".join(words)] += phrase.triggers
            for word, anchor in _anchors(phrase):
                self._anchors[word].append(anchor)
        self._longest = max(map(len, self._unspaced), default=0)
        self._neighbours = _Neighbours(self._anchors)

    def find(self, text: str) -> list[Match]:
        """The triggers that match, each once with its best score, in the order of the playbook."""
        said = spoken(text)
        words = written_out(said)
        best: dict[int, float] = {}
        found = (*self._exact(words), *self._near(words), *self._pattern_matches(said, words))
        for number, score in found:
            best[number] = max(score, best.get(number, 0.0))
        return [Match(number, best[number]) for number in sorted(best)]

    def _exact(self, words: list[str]) -> Iterator[tuple[int, float]]:
        for start in range(len(words)):
            unspaced = ""
            for end in range(start, len(words)):
                unspaced += words[end]
                if len(unspaced) > self._longest:
                    break
                numbers = self._unspaced.get(unspaced)
                if numbers and not is_negated(words, start):
                    score = float(len(unspaced) + end - start)
                    yield from ((number, score) for number in numbers)

    def _near(self, words: list[str]) -> Iterator[tuple[int, float]]:
        alike = self._neighbours.of(words)
        around = [frozenset().union(*alike[max(0, at - 1) : at + 2]) for at in range(len(words))]
        text = " ".join(words)
        begins = [0, *accumulate(len(word) + 1 for word in words)]
        for at, word in enumerate(words):
            for phrase, place, others in self._anchors.get(word, ()):
                if not all(
                    0 <= at + offset < len(words) and other in around[at + offset]
                    for offset, other in others
                ):
                    continue
                for start, end in _windows(at, place, len(phrase.words), len(words)):
                    window = text[begins[start] : begins[end] - 1]
                    likeness = self._similarity(window, phrase.text, score_cutoff=NEAR)
                    if (
                        likeness
                        and _negations(words[start:end]) == _negations(phrase.words)
                        and not is_negated(words, start)
                    ):
                        score = len(phrase.text) * likeness / 100
                        yield from ((number, score) for number in phrase.triggers)

    def _pattern_matches(self, said: list[str], words: list[str]) -> Iterator[tuple[int, float]]:
        texts = [said] if said == words else [said, words]
        for form in texts:
            text = " ".join(form)[:LONGEST_TEXT]
            for number, pattern, literal in self._patterns:
                match = pattern.search(text) if literal in text else None
                if match and not is_negated(form, text.count(" ", 0, match.start())):
                    yield number, float(match.end() - match.start())


class _Neighbours:
    """The words of a vocabulary that are spelt like a given word, remembered."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._vocabulary = list(vocabulary)
        self._known: dict[str, frozenset[str]] = {}
        self._learn(self._vocabulary[:1])  # loads what it needs before the first utterance

    def of(self, words: Sequence[str]) -> list[frozenset[str]]:
        """For each word those that are alike to it."""
        if len(self._known) > REMEMBERED_WORDS:
            self._known.clear()
        self._learn([word for word in set(words) if word not in self._known])
        return [self._known[word] for word in words]

    def _learn(self, words: list[str]) -> None:
        if not words:
            return
        import numpy as np
        from rapidfuzz.fuzz import ratio
        from rapidfuzz.process import cdist

        vocabulary = self._vocabulary
        likeness = cdist(words, vocabulary, scorer=ratio, score_cutoff=WORD_NEAR, dtype=np.uint8)
        for word, row in zip(words, likeness, strict=True):
            self._known[word] = frozenset(vocabulary[n] for n in np.flatnonzero(row))


def _anchors(phrase: _Phrase) -> Iterator[tuple[str, _Anchor]]:
    """The rarer words of a phrase of two words or more; single words have no near misses."""
    rare = [(place, word) for place, word in enumerate(phrase.words) if word not in _STOP_WORDS]
    if len(phrase.words) > 1:
        for place, word in rare:
            others = tuple((other - place, text) for other, text in rare if other != place)
            yield word, _Anchor(phrase, place, others)


def _windows(at: int, place: int, size: int, count: int) -> Iterator[tuple[int, int]]:
    """Where a phrase of ``size`` words could stand if its word ``place`` was said as word ``at``.

    Recognizers drop, add, split and join words, so also one earlier or later, longer or shorter.
    """
    for start in range(max(0, at - place - 1), min(at, at - place + 1) + 1):
        for end in range(max(at + 1, start + size - 1), min(count, start + size + 1) + 1):
            yield start, end


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
