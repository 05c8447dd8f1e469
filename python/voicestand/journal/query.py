"""What a user looks for, as an expression that FTS5 takes (https://www.sqlite.org/fts5.html)."""

from __future__ import annotations

import re

from voicestand.errors import InputError

_PARTS = re.compile(r'"([^"]*)"?|([^\s"]+)')
"""A phrase, which the end of the query closes, too; or a word."""

# The index holds stems: what begins with "negotiat" is there as "negoti". FTS5 makes stems of query
# words, too, so that the endings a word may go on with lead to the stem that is there.
# fmt: off
_ENDINGS = (
    "e", "d", "ed", "g", "ng", "ing", "n", "on", "ion", "tion", "ation", "l", "al", "t", "nt",
    "ent", "ant", "ment", "c", "ic", "y", "ty", "ity", "ly", "ally", "ble", "able", "te", "ate",
    "ze", "ize", "ce", "nce", "ve", "ive", "er",
)
# fmt: on

_MOST_WORDS = 64
"""More than anybody types; FTS5 refuses an expression of thousands."""


def expression(query: str) -> str:
    """Utterances with all words of ``query``, in any form; ``"a phrase"``, ``begin*``.

    Every other character only separates words. Raises ``InputError`` if no word is there, or very
    many are.
    """
    words, prefixes = [], []
    for phrase, word in _PARTS.findall(query):
        if any(map(str.isalnum, phrase or word)):
            if word.endswith("*"):
                prefixes.append(_prefix(word.rstrip("*")))
            else:
                words.append(_string(phrase or word))
    count = len(words) + len(prefixes)
    if not count:
        raise InputError(f"no word to look for in {query!r}: give one, or the beginning of one*")
    if count > _MOST_WORDS:
        raise InputError(f"{count} words to look for: give at most {_MOST_WORDS}")
    # Not AND between words: it would find nothing beside one in letters that FTS5 does not know.
    return " AND ".join([*([" ".join(words)] if words else []), *prefixes])


def _string(text: str) -> str:
    """A string that is closed where it ends: quotes, and NUL, at which FTS5 stops, are spaces."""
    clean = text.replace('"', " ").replace("\0", " ")
    # A command line may hold bytes that are no text; they are in no utterance.
    return f'"{clean.encode(errors="replace").decode()}"'


def _prefix(word: str) -> str:
    beginnings = [f"{_string(word)}*"]
    if word[-1:] in "yY":
        # The stem of a word that ends with y ends with i, and would find "pays" but not "payment".
        beginnings += [f"{_string(word + letter)}*" for letter in "abcdefghijklmnopqrstuvwxyz"]
    return f"({' OR '.join(beginnings + [_string(word + ending) for ending in _ENDINGS])})"
