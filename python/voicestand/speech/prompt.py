"""A vocabulary as the text before an utterance, for recognizers that go on writing as it began."""

from __future__ import annotations

from collections.abc import Sequence

from voicestand.speech.vocabulary import Term, left_out

LONGEST = 600
"""Characters: Whisper reads 224 tokens, of which a rare name takes one for every two or three
characters."""


def prompt(terms: Sequence[Term]) -> str:
    """A text in which the likeliest of ``terms`` are written as they are; empty for none."""
    return f"{', '.join(term.text for term in fitting(terms))}." if terms else ""


def fitting(terms: Sequence[Term]) -> list[Term]:
    """The likeliest of ``terms`` that find room."""
    fits: list[Term] = []
    length = 0
    for term in sorted(terms, key=lambda term: -term.boost):
        length += len(term.text) + len(", ")
        if length > LONGEST:
            break
        fits.append(term)
    return fits


def unprompted(terms: Sequence[Term]) -> str | None:
    """What does not find room, and why; None where all does."""
    fits = {term.text for term in fitting(terms)}
    rest = [term for term in terms if term.text not in fits]
    return left_out(rest, terms, f"a prompt holds {LONGEST} characters; the likeliest come first")
