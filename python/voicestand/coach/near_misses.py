"""Where an utterance may hold a misheard phrase, found for all phrases at once.

A phrase is looked for by its rarer words: all of them must be heard, or words near them, at their
places, and one of them exactly or at least as a long word. Bit ``n`` of a word's mask is set where
word ``n`` of the utterance is near it, so that one AND tests all places of a phrase.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from voicestand.coach.phonetics import REMEMBERED_WORDS, sound
from voicestand.coach.phrases import Variant
from voicestand.coach.words import word_set

WORD_NEAR = 65.0
"""Similarity in spelling, 0 to 100, of a word and one near it; the same sound is near as well
("boss" and "bus" have 57). It only narrows the search, so it is generous."""
NEAR_WEIGHT = 0.8
"""What a word near one of a phrase counts, beside 1 for the word itself."""
LONG_WORD = 6
"""Letters from which a misheard word is still evidence by itself."""
LONE_WORD = 8
"""Letters from which a phrase of a single word has near misses."""
SHORTEST = 8
"""Letters from which a phrase has near misses: in "half way" one letter is too much."""
_CHUNK = 56
"""Words looked at together: the bits of a mask, less what shifting needs."""
_OVERLAP = 12

_STOP_WORDS = word_set(
    "a an the i you we they he she it me us them my your our their his her its this that these "
    "those is are was were be been am do does did have has had will would can could should may "
    "of to in on at for with by from as and or but so not no if then than there here what how "
    "much too very just"
)
"""Too frequent to say that a near miss is near."""


class Candidate(NamedTuple):
    """A phrase that may be heard."""

    variant: int
    start: int
    """The word of the utterance at which it would begin; one more or less is possible."""


class NearMisses:
    """Finds candidates among ``variants``; what they are is for the caller to verify."""

    def __init__(self, variants: Sequence[Variant], missing: float) -> None:
        """``missing``: the share of a phrase's letters that may be in words not heard at all."""
        import numpy as np

        rows = [(number, words, _rare(words)) for number, words in enumerate(variants)]
        rows = [row for row in rows if row[2]]
        self._least = 1 - missing
        self._vocabulary = list(dict.fromkeys(word for _, words, _ in rows for word in words))
        self._ids = {word: number for number, word in enumerate(self._vocabulary)}
        self._variant = np.array([number for number, _, _ in rows], dtype=np.int64)
        self._place = np.array([rare[0] for _, _, rare in rows], dtype=np.int64)
        self._rare, self._rare_offset, _ = self._columns(
            [([words[at] for at in rare], [at - rare[0] for at in rare]) for _, words, rare in rows]
        )
        self._word, self._offset, self._share = self._columns(
            [(words, range(len(words))) for _, words, _ in rows]
        )
        self._by_sound: dict[str, list[int]] = {}
        for word, number in self._ids.items():
            self._by_sound.setdefault(sound(word), []).append(number)
        self._known: dict[str, tuple[Any, Any]] = {}
        self._learn(self._vocabulary[:1])  # loads what it needs before the first utterance

    def _columns(self, rows: Sequence[tuple[Sequence[str], Sequence[int]]]) -> tuple[Any, Any, Any]:
        """Per column and row: word, place, and its share of the letters.

        What is missing is the word after the last, which is near everything and proves nothing.
        """
        import numpy as np

        shape = (max((len(words) for words, _ in rows), default=1), len(rows))
        word = np.full(shape, len(self._ids), dtype=np.int64)
        offset = np.zeros(shape, dtype=np.uint64)
        share = np.zeros(shape)
        for row, (words, places) in enumerate(rows):
            letters = sum(map(len, words))
            for column, (text, place) in enumerate(zip(words, places, strict=True)):
                word[column, row] = self._ids[text]
                offset[column, row] = place
                share[column, row] = len(text) / letters
        return word, offset, share

    def find(self, words: Sequence[str]) -> Iterator[Candidate]:
        """The candidates in an utterance; one may come twice."""
        if not self._vocabulary:
            return
        if len(self._known) > REMEMBERED_WORDS:
            self._known.clear()
        self._learn([word for word in set(words) if word not in self._known])
        for first in range(0, len(words), _CHUNK - _OVERLAP):
            for variant, start in self._in_chunk(words[first : first + _CHUNK]):
                yield Candidate(variant, first + start)
            if first + _CHUNK >= len(words):
                break

    def _in_chunk(self, words: Sequence[str]) -> list[tuple[int, int]]:
        import numpy as np

        near, evidence, exact = self._masks(words)
        one = np.uint64(1)
        around = near | near << one | near >> one
        proof_around = evidence | evidence << one | evidence >> one
        exact_around = exact | exact << one | exact >> one
        heard = near[self._rare[0]]
        rows = np.flatnonzero(heard)
        heard, proof = heard[rows], evidence[self._rare[0, rows]]
        for word, offset in zip(self._rare[1:], self._rare_offset[1:], strict=True):
            heard = heard & around[word[rows]] >> offset[rows]
            proof = proof | proof_around[word[rows]] >> offset[rows]
        heard &= proof
        at, bits = np.nonzero((heard[:, None] >> np.arange(len(words) + 2, dtype=np.uint64)) & one)
        rows, places = rows[at], bits - self._place[rows[at]]
        covered = np.zeros(len(rows))
        for word, offset, share in zip(self._word, self._offset, self._share, strict=True):
            where = np.maximum(places + offset[rows].astype(np.int64), 0).astype(np.uint64)
            sure = (exact_around[word[rows]] >> where) & one
            likely = (around[word[rows]] >> where) & one
            covered += np.where(sure, 1.0, NEAR_WEIGHT * likely) * share[rows]
        enough = covered >= self._least
        return list(
            zip(self._variant[rows[enough]].tolist(), (places[enough] - 1).tolist(), strict=True)
        )

    def _masks(self, words: Sequence[str]) -> tuple[Any, Any, Any]:
        """By word of the vocabulary: where something near it is heard, where that is evidence, and
        where the word itself is heard.

        Bit 0 is the place before the first word.
        """
        import numpy as np

        near = np.zeros(len(self._vocabulary) + 1, dtype=np.uint64)
        evidence, exact = np.zeros_like(near), np.zeros_like(near)
        for place, word in enumerate(words, 1):
            alike, telling = self._known[word]
            bit = np.uint64(1 << place)
            if alike.size:
                near[alike] |= bit
            if telling.size:
                evidence[telling] |= bit
            if word in self._ids:
                exact[self._ids[word]] |= bit
        near[-1] = ~np.uint64(0)
        return near, evidence, exact

    def _learn(self, words: list[str]) -> None:
        if not words or not self._vocabulary:
            return
        import numpy as np
        from rapidfuzz.fuzz import ratio
        from rapidfuzz.process import cdist

        vocabulary = self._vocabulary
        likeness = cdist(words, vocabulary, scorer=ratio, score_cutoff=WORD_NEAR, dtype=np.uint8)
        for word, row in zip(words, likeness, strict=True):
            alike = {*np.flatnonzero(row).tolist(), *self._by_sound.get(sound(word), ())}
            telling = [n for n in alike if vocabulary[n] == word or _is_long(vocabulary[n])]
            self._known[word] = (
                np.array(sorted(alike), dtype=np.int64),
                np.array(sorted(telling), dtype=np.int64),
            )


def _rare(words: Variant) -> list[int]:
    """Places of the words by which a phrase is looked for; none: it has no near misses."""
    if sum(map(len, words)) < SHORTEST or (len(words) == 1 and len(words[0]) < LONE_WORD):
        return []
    return [place for place, word in enumerate(words) if word not in _STOP_WORDS]


def _is_long(word: str) -> bool:
    return len(word) >= LONG_WORD
