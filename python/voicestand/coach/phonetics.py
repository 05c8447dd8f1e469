"""How a word sounds, coarsely: what a recognizer confuses has the same code.

A consonant skeleton in the manner of Metaphone (L. Philips, "Hanging on the Metaphone", Computer
Language 7(12), 1990), made broader: voiced and unvoiced consonants are one class, since that is
what recognizers mistake, and vowels count only where a word begins with one.
"""

from __future__ import annotations

import re
from functools import lru_cache

REMEMBERED_WORDS = 20_000
"""A long call has a few thousand different words."""

_SPELLINGS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"^(?:kn|gn|pn)", "n"),
        (r"^wr", "r"),
        (r"^x", "s"),
        (r"^wh", "w"),
        (r"mb$", "m"),
        (r"ght", "t"),
        (r"(?<=[aeiou])gh", ""),
        (r"ph", "f"),
        (r"tch|ch|sh|dge?(?=[eiy]|$)|dj", "j"),
        (r"[ts]i(?=on|an|al)", "j"),
        (r"sc(?=[eiy])|c(?=[eiy])", "s"),
        (r"g(?=[eiy])", "j"),
        (r"x", "ks"),
        (r"th", "t"),
        (r"[ck]+|q", "k"),
    )
)
_CLASSES = str.maketrans("bdgvz", "ptkfs", "h")
_AFTER_THE_FIRST = re.compile(r"[aeiouyw]")
_REPEATED = re.compile(r"(.)\1+")


@lru_cache(maxsize=REMEMBERED_WORDS)
def sound(word: str) -> str:
    """The code of a lower-case word: ``boss`` and ``bus`` are ``ps``, ``expensive`` ``akspnsf``.

    What has no Latin letters is its own code.
    """
    for pattern, code in _SPELLINGS:
        word = pattern.sub(code, word)
    word = word.translate(_CLASSES)
    first = "a" if word[:1] in set("aeiou") else word[:1]
    return _REPEATED.sub(r"\1", first + _AFTER_THE_FIRST.sub("", word[1:]))
