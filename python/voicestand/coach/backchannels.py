"""Back-channel: what a listener says to show that he listens, without wanting to speak.

``mhm``, ``yeah``, ``okay i see`` (Yngve, On getting a word in edgewise, 1970; Schegloff, 2000,
calls them continuers). The words alone do not decide: after a question ``yes`` is an answer.
"""

from __future__ import annotations

from voicestand.coach.words import word_set

LONGEST = 4
"""Words. ``yeah yeah i see``; who says more has something to say."""
_ALONE = word_set(
    "ah aha aw cool exactly fine gosh great hm hmm hmmm huh indeed interesting k mhm mm mmm mmhmm "
    "nice nope oh ok okay ooh perfect really right sure true uh uhhuh um wow yeah yep yes yup no "
    "absolutely definitely totally wonderful awesome alright good"
)
_PAIRS = frozenset(
    tuple(pair.split())
    for pair in (
        *(
            "i see",
            "i understand",
            "got it",
            "of course",
            "fair enough",
            "makes sense",
            "all right",
        ),
        *("i know", "go on", "very good", "very nice", "for sure", "that's right", "that's true"),
    )
)


def only_listens(words: list[str]) -> bool:
    """Whether these are only words of a listener; ``words`` as ``words.spoken`` gives."""
    if not 0 < len(words) <= LONGEST:
        return False
    at = 0
    while at < len(words):
        if tuple(words[at : at + 2]) in _PAIRS:
            at += 2
        elif words[at] in _ALONE:
            at += 1
        else:
            return False
    return True
