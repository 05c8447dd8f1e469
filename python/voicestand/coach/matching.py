"""Which triggers an utterance matches, although the recognizer misheard a word of it.

Phrases match on whole words with contractions written out; how the words are split does not matter
("light house", "lighthouse"), nor do hesitations and repeated words. Near misses match by spelling
or by sound, as far as the trigger's tolerance goes. What is negated does not match.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple, Protocol

from voicestand.coach.near_misses import NearMisses
from voicestand.coach.negation import is_negated, negations
from voicestand.coach.patterns import LONGEST_TEXT, required_literal
from voicestand.coach.phonetics import sound
from voicestand.coach.phrases import Part, Variant, fluent, parse_phrase
from voicestand.coach.words import spoken

MISSING = 2.2
"""How much of a phrase may seem missing word by word, in tolerances; letters are then compared."""


class Cue(Protocol):
    """What a matcher listens for."""

    @property
    def phrases(self) -> tuple[str, ...]:
        """As ``phrases.parse_phrase`` reads them."""
        ...

    @property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """As ``patterns.compile_pattern`` makes them."""
        ...

    @property
    def tolerance(self) -> float:
        """The share of a phrase's letters that may be misheard."""
        ...


class Match(NamedTuple):
    """One cue found in an utterance."""

    cue: int
    """Its place in the list given at construction."""
    score: float
    """How much of the utterance it explains: matched characters times similarity."""


class _Hit(NamedTuple):
    """One part of a phrase, heard."""

    start: int
    end: int
    score: float


class _Phrase(NamedTuple):
    cue: int
    parts: tuple[int, ...]
    written: tuple[Part, ...]


class _Variant(NamedTuple):
    text: str
    words: Variant
    sound: str
    tolerances: dict[int, float]
    """By part: the most that may be misheard."""

    @property
    def most(self) -> float:
        return max(self.tolerances.values())


class Matcher:
    """Finds cues in utterances; made once for a playbook, may be shared between conversations.

    The cost hardly grows with the number of phrases; patterns are tried one by one.
    """

    def __init__(self, cues: Sequence[Cue]) -> None:
        # Imported here: it costs 60 ms, which a program that does not coach should not pay.
        from rapidfuzz.fuzz import ratio
        from rapidfuzz.process import cpdist

        self._similarities: Callable[..., Any] = cpdist
        self._similarity: Callable[..., float] = ratio
        self._patterns = [
            (number, pattern, required_literal(pattern.pattern))
            for number, cue in enumerate(cues)
            for pattern in cue.patterns
        ]
        variants: dict[Variant, _Variant] = {}
        parts: dict[tuple[tuple[Variant, ...], float], int] = {}
        self._phrases: dict[int, list[_Phrase]] = defaultdict(list)
        """By its last part."""
        for number, cue in enumerate(cues):
            for text in cue.phrases:
                found = parse_phrase(text)
                numbers = [_part(part, cue.tolerance, parts, variants) for part in found]
                phrase = _Phrase(number, tuple(numbers), found)
                self._phrases[numbers[-1]].append(phrase)
        self._variants = list(variants.values())
        self._least_alike = [100 * (1 - 2 * variant.most) for variant in self._variants]
        """In spelling, 0 to 100: below, not even the sound can make it a near miss."""
        self._unspaced: dict[str, list[int]] = defaultdict(list)
        for variant in self._variants:
            self._unspaced[variant.text.replace(" ", "")] += variant.tolerances
        self._longest = max(map(len, self._unspaced), default=0)
        self._near_misses = NearMisses(
            [variant.words for variant in self._variants],
            missing=MISSING * max((cue.tolerance for cue in cues), default=0.0),
        )

    def find(self, text: str) -> list[Match]:
        """The cues that match, each once with its best score, in the order of the list."""
        said = spoken(text)
        words = fluent(said)
        hits: dict[int, list[_Hit]] = defaultdict(list)
        for part, hit in (*self._exact(words), *self._near(words)):
            hits[part].append(hit)
        best: dict[int, float] = {}
        for number, score in (*self._whole(words, hits), *self._pattern_matches(said, words)):
            best[number] = max(score, best.get(number, 0.0))
        return [Match(number, best[number]) for number in sorted(best)]

    def _exact(self, words: list[str]) -> Iterator[tuple[int, _Hit]]:
        for start in range(len(words)):
            unspaced = ""
            for end in range(start, len(words)):
                unspaced += words[end]
                if len(unspaced) > self._longest:
                    break
                parts = self._unspaced.get(unspaced)
                if parts:
                    hit = _Hit(start, end + 1, float(len(unspaced) + end - start))
                    yield from ((part, hit) for part in parts)

    def _near(self, words: list[str]) -> Iterator[tuple[int, _Hit]]:
        places = {
            (number, start, end): None
            for number, place in self._near_misses.find(words)
            for start, end in _windows(place, len(self._variants[number].words), len(words))
        }
        if not places:
            return
        text = " ".join(words)
        begins = [0, *accumulate(len(word) + 1 for word in words)]
        windows = [text[begins[start] : begins[end] - 1] for _, start, end in places]
        phrases = [self._variants[number].text for number, _, _ in places]
        likeness = self._similarities(windows, phrases, scorer=self._similarity).tolist()
        for (number, start, end), alike in zip(places, likeness, strict=True):
            if alike < self._least_alike[number]:
                continue
            variant = self._variants[number]
            mistake = self._mistake(variant, 1 - alike / 100, words[start:end])
            if mistake > variant.most:
                continue
            hit = _Hit(start, end, len(variant.text) * (1 - mistake))
            for part, tolerance in variant.tolerances.items():
                if mistake <= tolerance:
                    yield part, hit

    def _mistake(self, variant: _Variant, spelling: float, words: Sequence[str]) -> float:
        """How far the words are from the phrase, 0 to 1.

        The share of letters that differ, ``spelling``; or of sounds, of which fewer may: half as
        many, and no word less.
        """
        if negations(words) != negations(variant.words):
            return 1.0
        if spelling <= variant.most or len(words) < len(variant.words):
            return spelling
        sounds = 1 - self._similarity("".join(map(sound, words)), variant.sound) / 100
        return max(2 * sounds, spelling / 2)

    def _whole(self, words: list[str], hits: dict[int, list[_Hit]]) -> Iterator[tuple[int, float]]:
        """The phrases of which all parts were heard, one after the other."""
        for last in list(hits):
            for phrase in self._phrases.get(last, ()):
                for hit in hits[last]:
                    score = _chain(words, hits, phrase, len(phrase.parts) - 1, hit)
                    if score:
                        yield phrase.cue, score

    def _pattern_matches(self, said: list[str], words: list[str]) -> Iterator[tuple[int, float]]:
        texts = [said] if said == words else [said, words]
        for form in texts:
            text = " ".join(form)[:LONGEST_TEXT]
            for number, pattern, literal in self._patterns:
                match = pattern.search(text) if literal in text else None
                if match and not is_negated(form, text.count(" ", 0, match.start())):
                    yield number, float(match.end() - match.start())


def _part(
    part: Part,
    tolerance: float,
    parts: dict[tuple[tuple[Variant, ...], float], int],
    variants: dict[Variant, _Variant],
) -> int:
    """The number of a part of a phrase; what is the same in two phrases is searched once."""
    number = parts.setdefault((part.variants, tolerance), len(parts))
    for words in part.variants:
        if words not in variants:
            variants[words] = _Variant(" ".join(words), words, "".join(map(sound, words)), {})
        variants[words].tolerances[number] = tolerance
    return number


def _chain(
    words: list[str], hits: dict[int, list[_Hit]], phrase: _Phrase, at: int, hit: _Hit
) -> float:
    """The score of a phrase up to part ``at``, heard as ``hit``; 0 if a part is missing or denied.

    What is denied may be said by a part itself (``not ... budget``): only words between count.
    """
    if at == 0:
        return 0.0 if is_negated(words, hit.start) else hit.score
    best, gap = 0.0, 0
    for earlier in range(at - 1, -1, -1):
        gap += phrase.written[earlier + 1].gap
        for before in hits.get(phrase.parts[earlier], ()):
            near = before.end <= hit.start <= before.end + gap
            if near and not is_negated(words, hit.start, before.end):
                score = _chain(words, hits, phrase, earlier, before)
                best = max(best, score and score + hit.score)
        if not phrase.written[earlier].optional:
            break
    return best


def _windows(place: int, size: int, count: int) -> Iterator[tuple[int, int]]:
    """Where a phrase of ``size`` words that seems to begin at ``place`` could stand.

    Recognizers drop, add, split and join words, so also one earlier or later, longer or shorter.
    """
    for start in range(max(0, place - 1), min(count - 1, place + 1) + 1):
        for end in range(max(start + 1, start + size - 1), min(count, start + size + 1) + 1):
            yield start, end
