"""Whether what was said is denied."""

from __future__ import annotations

from collections.abc import Sequence

from voicestand.coach.words import word_set

NEGATION_REACH = 4
"""Words before a match in which a negation still bears on it."""

_NEGATIONS = word_set("not never no without hardly nor neither")
_CLAUSE_ENDS = word_set(
    "but and so because or however although then though if whether where how what why who when"
)
_NOT_DENYING = word_set("only just you we they i sure certain clear")
"""After a negation: ``not only``, ``do not you``, ``not sure it is``."""


def is_negated(words: Sequence[str], at: int, after: int = 0) -> bool:
    """Whether what begins at word ``at`` is denied by a negation shortly before it, but not before
    word ``after``.

    ``it is not too expensive`` is; ``no it is too expensive``, ``not only too expensive`` and
    ``do not you think it is too expensive`` are not.
    """
    for place in range(at - 1, max(after, at - NEGATION_REACH) - 1, -1):
        word = words[place]
        if word in _CLAUSE_ENDS:
            return False
        if word in _NEGATIONS or word.endswith("n't"):
            if word == "no":  # an answer, unless it belongs to the very next words
                return 0 < place == at - 1
            return words[place + 1] not in _NOT_DENYING
    return False


def negations(words: Sequence[str]) -> int:
    """How many of the words deny."""
    return sum(word in _NEGATIONS for word in words)
