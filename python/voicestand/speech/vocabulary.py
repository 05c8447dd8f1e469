"""The words that a conversation is likely to hold: names, products, terms of a trade.

A UTF-8 file with one word or phrase a line; behind ``|`` how it is spoken, in phones of the CMU
dictionary, behind another ``|`` how much likelier it is than the others (1). A comment begins with
``#`` at the beginning of a line or behind a blank.

    Kubernetes | K UW B ER N EH T IY Z
    Grafana Labs
    Anna Przybylski | AE N AH P SH IH B IH L S K IY | 3
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from voicestand.errors import InputError

MOST = 5000
"""Entries of a file."""

LONGEST = 80
"""Characters of an entry."""

NAMED = 3
"""Terms that a message names."""

PHONES = frozenset(
    [
        *("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"),
        *("B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S"),
        *("SH", "T", "TH", "V", "W", "Y", "Z", "ZH"),
    ]
)
"""Of the CMU dictionary, without stress."""

_COMMENT = re.compile(r"(?:^|\s)#")

BOOSTS = (0.01, 100.0)


class Term(msgspec.Struct, frozen=True):
    """A word or phrase as it is to be written."""

    text: str
    phones: str = ""
    """How it is spoken; empty: as it is spelt."""
    boost: float = 1.0


def read(path: Path) -> list[Term]:
    """The terms of a file, each once. Raises ``InputError``, naming the line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"speech.vocabulary: cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"speech.vocabulary: {path} is no UTF-8 text") from None
    terms: dict[str, Term] = {}
    for number, line in enumerate(lines, 1):
        if not (entry := _COMMENT.split(line, 1)[0].strip()):
            continue
        try:
            term = parse(entry)
        except ValueError as error:
            raise InputError(f"speech.vocabulary: {path}, line {number}: {error}") from None
        terms.setdefault(term.text, term)
        if len(terms) > MOST:
            raise InputError(f"speech.vocabulary: {path} has more than {MOST} entries")
    return list(terms.values())


def parse(entry: str) -> Term:
    """One line without its comment. Raises ``ValueError``."""
    text, *rest = (" ".join(part.split()) for part in entry.split("|"))
    if len(rest) > 2:
        raise ValueError("more than WORD | PHONES | BOOST")
    if not text or len(text) > LONGEST or not text.isprintable():
        raise ValueError(f"a word or phrase has 1 to {LONGEST} characters")
    phones = rest[0].upper().split() if rest else []
    if unknown := [phone for phone in phones if phone not in PHONES]:
        raise ValueError(f"{unknown[0]!r} is no phone of the CMU dictionary (such as AH, K, SH)")
    return Term(text, " ".join(phones), _boost(rest[1]) if len(rest) == 2 else 1.0)


def _boost(stated: str) -> float:
    least, most = BOOSTS
    try:
        boost = float(stated)
    except ValueError:
        boost = 0.0
    if not least <= boost <= most:
        raise ValueError(f"the boost {stated!r} is no number from {least:g} to {most:g}")
    return boost


def left_out(terms: Sequence[Term], of: Sequence[Term], why: str) -> str | None:
    """In a line, that a recognizer uses all terms but ``terms``; None where there are none."""
    if not terms:
        return None
    named = ", ".join(term.text for term in terms[:NAMED]) + (", …" if len(terms) > NAMED else "")
    return f"{len(terms)} of {len(of)} terms of the vocabulary are not used ({named}): {why}"


def unused(why: str) -> str:
    """In a line, that a recognizer uses no term."""
    return f"the vocabulary is not used: {why}"


def writer(terms: Sequence[Term]) -> Callable[[str], str]:
    """Writes the terms in a text as they are to be written, whatever their case is there."""
    if not terms:
        return str
    written = {term.text.lower(): term.text for term in terms}
    longest_first = sorted(map(re.escape, written), key=len, reverse=True)
    found = re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)", re.IGNORECASE)
    return lambda text: found.sub(lambda match: written[match[0].lower()], text)
