"""How long knowledge takes to find passages, on documents that are made for it."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from pathlib import Path

from voicestand.knowledge import Knowledge, adding

PASSAGES = 10_000
DOCUMENTS = 10
SEARCHES = 200

_WORDS = 30_000
_CONSONANTS, _VOWELS = "bdfgklmnprt", "aeiou"


def texts(count: int, words: int, seed: int) -> Iterator[str]:
    """Texts of made-up words, which are as frequent as Zipf's law has those of a language."""
    dice = random.Random(7)
    syllables = [consonant + vowel for consonant in _CONSONANTS for vowel in _VOWELS]
    vocabulary = [
        "".join(dice.choices(syllables, k=dice.randint(2, 4))) + f"k{number}"
        for number in range(_WORDS)
    ]
    weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(_WORDS)))
    dice = random.Random(seed)
    for _ in range(count):
        yield " ".join(dice.choices(vocabulary, cum_weights=weights, k=words))


def milliseconds(folder: Path) -> list[float]:
    """Of each search for an utterance of 12 words among 10,000 passages, which are added first."""
    passages = texts(PASSAGES, 100, seed=9)
    for number in range(DOCUMENTS):
        part = itertools.islice(passages, PASSAGES // DOCUMENTS)
        document = "\n\n".join(f"# {at}\n\n{text}" for at, text in enumerate(part))
        adding.add_text(f"document {number}", document.encode(), folder)
    taken = []
    with Knowledge.open(folder) as knowledge:
        for text in texts(SEARCHES, 12, seed=8):
            begin = time.perf_counter()
            knowledge.search(text)
            taken.append((time.perf_counter() - begin) * 1e3)
    return taken
