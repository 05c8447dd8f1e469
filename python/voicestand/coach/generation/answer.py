"""What a language model answered, if it is something that may be shown."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from voicestand.coach.generation.context import Context
from voicestand.coach.generation.prompt import LONGEST_TEXT

LONGEST_ANSWER = 16_384
"""Characters that are looked at."""

_DECODER = msgspec.json.Decoder()


class Advice(NamedTuple):
    """One line for the person on channel ``self``."""

    text: str
    """Empty: nothing better than what is there."""
    sources: tuple[str, ...]
    """Of the passages it rests on, as the user knows them."""


class MalformedError(ValueError):
    """It is not the object that was asked for."""


class RefusedError(ValueError):
    """It is, but must not be shown; the message says why, and quotes nothing."""


class _Answer(msgspec.Struct):
    text: Annotated[str, Meta(max_length=4 * LONGEST_TEXT)]
    sources: Annotated[list[str], Meta(max_length=64)] = []


def advice(said: str, context: Context) -> Advice:
    """What a model said, checked against what it was told.

    Raises :class:`MalformedError`, and :class:`RefusedError` for text that is too long, holds a
    link or an address that is in no passage, or a figure that nobody and no passage named.
    """
    try:
        found = msgspec.json.decode(object_in(said), type=_Answer)
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise MalformedError("no object with a text and sources") from None
    text = " ".join(_visible(found.text).split())
    if len(text) > LONGEST_TEXT:
        raise RefusedError(f"longer than {LONGEST_TEXT} characters")
    written = "\n".join(f"{passage.source} {passage.text}" for passage in context.passages)
    # Not of the turns: anybody on the call could have one shown.
    if any(link.lower() not in written.lower() for link in _LINK.findall(text)):
        raise RefusedError("a link or an address that is in no passage")
    said = "\n".join([context.summary, context.hint, *(turn.text for turn in context.turns)])
    if not all(_stands_in(figure, f"{said}\n{written}") for figure in _FIGURE.findall(text)):
        raise RefusedError("a figure that nobody named")
    by_id = {passage.id: passage.source for passage in context.passages}
    sources = dict.fromkeys(by_id[one] for one in found.sources if one in by_id)
    return Advice(text, tuple(sources))


def object_in(said: str) -> str:
    """The first JSON object in it, since models like to add a word or a fence around it.

    Raises :class:`MalformedError` where none is complete.
    """
    said = said[:LONGEST_ANSWER]
    start = said.find("{")
    depth, quoted, escaped = 0, False, False
    for at in range(max(start, 0), len(said) if start >= 0 else 0):
        sign = said[at]
        if quoted:
            quoted = escaped or sign != '"'
            escaped = sign == "\\" and not escaped
        elif sign == '"':
            quoted = True
        elif sign in "{}":
            depth += 1 if sign == "{" else -1
            if depth == 0:
                return said[start : at + 1]
    raise MalformedError("no complete object")


_LINK = re.compile(
    r"""
    (?: [a-z][a-z0-9+.-]*:// | www\. ) \S+
    | \S+ @ \S+ \. \w+
    | \b [\w-]+ \. (?: com|net|org|io|co|dev|app|info|biz|me ) \b \S*
    """,
    re.IGNORECASE | re.VERBOSE,
)
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")

_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def _visible(text: str) -> str:
    """Without what a terminal would obey, and without marks that turn the direction of writing."""
    return "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)


def _stands_in(figure: str, known: str) -> bool:
    """As digits, or in words as recognizers write it."""
    if re.search(rf"(?<!\d){re.escape(figure)}(?!\d)", known):
        return True
    words = _in_words(figure)
    return words is not None and re.search(rf"\b{words}\b", known, re.I) is not None


def _in_words(figure: str) -> str | None:
    """A pattern of the words of a whole number below a million; None: it is none."""
    if not figure.isascii() or not figure.isdigit() or len(figure) > 6:
        return None
    number = int(figure)
    if number >= 1000:
        thousands, rest = divmod(number, 1000)
        head = rf"(?:{_in_words(str(thousands))}|{thousands})[ -]thousand"
        return head if rest == 0 else rf"{head}(?: and)? {_in_words(str(rest))}"
    if number >= 100:
        hundreds, rest = divmod(number, 100)
        head = rf"(?:{'an?|one' if hundreds == 1 else _SMALL[hundreds]})[ -]hundred"
        return head if rest == 0 else rf"{head}(?: and)? {_in_words(str(rest))}"
    if number <= 20:
        return _SMALL[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] if ones == 0 else rf"{_TENS[tens - 2]}[ -]?{_SMALL[ones]}"
