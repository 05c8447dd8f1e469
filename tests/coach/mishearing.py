"""Recognition errors as they happen: words that sound alike, short words lost, words made up.

``confusions.txt`` holds what recognizers really confuse: a word, and what it is taken for. What is
not in it becomes a common word that sounds like it, after the pronunciations and the unigrams of
the embedded recognizer's own model.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from pocketsphinx import Config, LogMath, NGramModel, get_model_path

_SHORT = (
    "a an the of to in on at it is i we you he she they and or but so that this for with as if be "
    "do does did have has had are was were my your our its it's i'm not no can will would just "
    "there then than from by up out well um uh oh"
)
FUNCTION_WORDS = frozenset(_SHORT.split())
"""Short and unstressed: what recognizers lose."""
INSERTED = ("a", "the", "uh", "and", "to", "in", "it", "of", "that", "i", "is", "on")
"""What they make of breath and noise."""
INSERTED_SHARE = 0.15
"""Of the errors: a word made up behind the word that is hit."""
DELETED_SHARE = 0.4
"""Of the errors that hit a function word: it is lost. All others are substitutions."""
COMMON = -110_000
"""Log probability (base 1.0001) from which a word counts as common: e ** -11."""
SOUNDS = {
    phone: name
    for name, phones in {
        "p": "P B",
        "t": "T D TH DH",
        "k": "K G",
        "f": "F V",
        "s": "S Z",
        "x": "SH ZH CH JH",
        "m": "M N NG",
        "l": "L",
        "r": "R ER",
        "w": "W HH Y",
        "a": "AA AE AH AO AW AY",
        "e": "EH EY IH IY",
        "o": "OW OY UH UW",
    }.items()
    for phone in phones.split()
}
"""Phones (ARPAbet) by the class within which they are mistaken for each other."""


def misheard(turns: Sequence[Sequence[str]], rate: float, rng: random.Random) -> list[list[str]]:
    """The words of each turn with ``rate`` errors a word; a turn keeps at least one word."""
    places = [(turn, word) for turn, words in enumerate(turns) for word in range(len(words))]
    hit = set(rng.sample(places, round(rate * len(places))))
    heard = []
    for turn, words in enumerate(turns):
        kept: list[str] = []
        for number, word in enumerate(words):
            kept += _error(word, rng) if (turn, number) in hit else (word,)
        heard.append(kept or [words[0]])
    return heard


def _error(word: str, rng: random.Random) -> Sequence[str]:
    kind = rng.random()
    if kind < INSERTED_SHARE:
        return (word, rng.choice(INSERTED))
    if word in FUNCTION_WORDS and kind < INSERTED_SHARE + DELETED_SHARE:
        return ()
    return substitute(word, rng).split()


def substitute(word: str, rng: random.Random) -> str:
    """Another word, or two, that sound like ``word``."""
    if known := confusions().get(word):
        return rng.choice(known)
    sound = _sound_of(word)
    for near in (sound, sound[:-1], sound[1:], *(sound[:n] for n in range(len(sound) - 2, 0, -1))):
        if alike := [other for other in _common_words().get(near, ()) if other != word]:
            return rng.choice(alike)
    return rng.choice(INSERTED)


@cache
def confusions() -> Mapping[str, tuple[str, ...]]:
    """What each word of ``confusions.txt`` is taken for."""
    lines = Path(__file__).with_name("confusions.txt").read_text(encoding="utf-8").splitlines()
    groups = (line.split(", ") for line in lines)
    return {word: tuple(others) for word, *others in groups}


@cache
def _pronunciations() -> Mapping[str, str]:
    path = Path(get_model_path()) / "en-us" / "cmudict-en-us.dict"
    sounds = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *phones = line.split()
        if "(" not in word:
            sounds[word] = "".join(SOUNDS[phone] for phone in phones)
    return sounds


@cache
def _common_words() -> Mapping[str, list[str]]:
    """The common words by their sound."""
    model = str(Path(get_model_path()) / "en-us" / "en-us.lm.bin")
    unigrams = NGramModel(Config(), LogMath(), model)
    words = defaultdict(list)
    for word, sound in _pronunciations().items():
        if "." not in word and unigrams.prob([word]) > COMMON:
            words[sound].append(word)
    return words


def _sound_of(word: str) -> str:
    """The classes of its phones; of a word without a pronunciation, guessed from its letters."""
    letters = {"c": "k", "b": "p", "d": "t", "g": "k", "q": "k", "v": "f", "z": "s", "j": "x"}
    letters |= {"n": "m", "h": "w", "y": "e", "i": "e", "u": "o", "'": ""}
    return _pronunciations().get(word) or "".join(letters.get(c, c) for c in word)
