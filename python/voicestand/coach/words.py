"""The words of an utterance as the coach counts and compares them.

Recognizers differ: some punctuate and capitalize, some give bare words, some put markers such as
``<sil>`` or ``[noise]`` between them. All of them end as the same lower-case words here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_MARKER = re.compile(r"<[^<>]*>|\[[^\[\]]*\]")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_SENTENCE = re.compile(r"[^.?!]+[.?!]*")
_DECIMAL_POINT = re.compile(r"(?<=\d)[.,](?=\d)")


def word_set(words: str) -> frozenset[str]:
    """The words of a text as a set: how the lists of this room are written."""
    return frozenset(words.split())


_CONTRACTIONS = {
    "ain't": ("is", "not"),
    "can't": ("can", "not"),
    "cannot": ("can", "not"),
    "let's": ("let", "us"),
    "shan't": ("shall", "not"),
    "won't": ("will", "not"),
    "i'm": ("i", "am"),
    "gonna": ("going", "to"),
    "wanna": ("want", "to"),
    "gotta": ("got", "to"),
}
_IS = word_set("it he she that this there here what where who how when why which")
"""Words after which ``'s`` is ``is``; after any other it is taken for a possessive and kept."""
_ENDINGS = {"n't": "not", "'re": "are", "'ve": "have", "'ll": "will", "'d": "would"}


def spoken(text: str) -> list[str]:
    """The words said: lower case, without punctuation and without a recognizer's markers.

    ``"Well, that's 1.5 [noise] follow-ups."`` gives ``well that's 15 follow ups``.
    """
    text = _MARKER.sub(" ", text).replace("\u2019", "'").lower()
    return _WORD.findall(_DECIMAL_POINT.sub("", text))


def written_out(words: Sequence[str]) -> list[str]:
    """The same words with contractions in full: ``we don't`` gives ``we do not``."""
    full: list[str] = []
    for word in words:
        if "'" not in word and word not in _CONTRACTIONS:
            full.append(word)
        else:
            full.extend(_in_full(word))
    return full


def _in_full(word: str) -> tuple[str, ...]:
    if word in _CONTRACTIONS:
        return _CONTRACTIONS[word]
    for ending, meaning in _ENDINGS.items():
        if word.endswith(ending) and len(word) > len(ending):
            return word.removesuffix(ending), meaning
    stem, apostrophe, rest = word.partition("'")
    if apostrophe and rest == "s" and stem in _IS:
        return stem, "is"
    return (word,)


def sentences(text: str) -> list[tuple[list[str], str]]:
    """The sentences of a punctuated text, each as its words and its closing mark.

    The mark is ``?``, ``.`` (also for ``!``) or empty. A text without marks is one sentence.
    """
    found = []
    for part in _SENTENCE.findall(_DECIMAL_POINT.sub("", text)):
        words = spoken(part)
        if words:
            marks = part[len(part.rstrip(".?!")) :]
            found.append((words, "?" if "?" in marks else "." if marks else ""))
    return found
