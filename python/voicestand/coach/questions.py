"""Questions in speech: recognizers give no question marks, so word order must tell.

English only. The rules, with examples, are in docs/coaching.md; they rest on subject-auxiliary
inversion, which in English marks nearly all direct questions and few other sentences (Quirk et
al., A Comprehensive Grammar of the English Language, 1985, chapter 11).
"""

from __future__ import annotations

from voicestand.coach.words import sentences, word_set, written_out

_WH = word_set("what where when why who whom whose which how")
_BE = word_set("is are was were am")
_HAVE = word_set("have has had")
_MODAL = word_set("does did can could will would shall should may might must")
_INVERTING = _BE | _HAVE | _MODAL | {"do"}
_PERSON = word_set("i you we they he she anyone anybody someone everyone")
_PRONOUN = _PERSON | {"it", "there"}
_POSSESSIVE = word_set("your our their")
_DETERMINER = _POSSESSIVE | word_set("the his her its my this that these those any")
_SUBJECTS = {
    **dict.fromkeys(_BE | _MODAL, _PRONOUN | _DETERMINER),
    # "do it", "do the first one", "have a look" are orders.
    "do": _PERSON | {"your", "these", "those", "any"},
    "have": _PERSON | _POSSESSIVE,
    "has": _PRONOUN | _POSSESSIVE | {"that", "this"},
    "had": _PERSON | _POSSESSIVE,
}
"""For each verb that inverts, the words after it that show a subject, hence a question."""

_CONJUNCTION = word_set("and but so or then because also")
_INTERJECTION = word_set(
    "yes yeah no right good great sure fine okay ok well now alright anyway sorry thanks hello hi "
    "hey um uh er hmm mm oh please"
)
_LEAD_IN = frozenset(
    tuple(pair.split())
    for pair in (
        *("of course", "i see", "i understand", "makes sense", "no problem", "sounds good"),
        *("sounds great", "thank you", "fair enough", "fair point", "is fair", "is fine"),
        *("is true", "is right"),
    )
)
"""After these a new clause may begin, without being part of it."""

_HOW = word_set("much many long often far soon big about come fast quickly well")
_WHAT = word_set("about if kind sort type time else exactly")
_SUBJECT_VERBS = word_set(
    "happens happened makes made brings brought decides handles owns signs approves pays uses"
)
"""``what happens``, ``who decides``: the question word is the subject and nothing inverts."""
_PLAIN_RIGHT = word_set("is are be all was that quite about the my your to turn just not")
"""Before a final ``right`` these make it an adjective (``that is right``), not a tag."""


def count_questions(text: str) -> int:
    """How many questions one utterance asks.

    Where the text is punctuated the marks are believed: one question for each sentence that ends
    in ``?``, none for one that ends in ``.`` or ``!``. Where it is not, word order decides.
    """
    count = 0
    for words, mark in sentences(text):
        if mark == "?":
            count += 1
        elif not mark:
            count += _count_by_word_order(written_out(words))
    return count


def _count_by_word_order(words: list[str]) -> int:
    count = 0
    position = 0
    while position < len(words):
        before = words[max(0, position - 2) : position]
        begins = not before or before[-1] in _CONJUNCTION | _INTERJECTION
        begins = begins or tuple(before) in _LEAD_IN
        after = words[position : position + 4]
        length = _opens(after, before) if begins else _inverts_inside(after, before)
        count += length > 0
        position += max(1, length)
    return count or int(_has_tag(words))


def _opens(words: list[str], before: list[str]) -> int:
    """The length of the interrogative opening of a clause that begins with ``words``, or 0."""
    first, second, third, _ = [*words, "", "", "", ""][:4]
    if first in _WH:
        return _question_word(first, second, third)
    inversion = _inversion(words)
    if before and before[-1] in _CONJUNCTION and words[1:2] and second in _DETERMINER - _POSSESSIVE:
        return 0  # "it is good and is the best": not inverted, the subject was left out
    return inversion


def _question_word(first: str, second: str, third: str) -> int:
    if (first == "how" and second in _HOW) or (first == "what" and second in _WHAT):
        return 3 if third in _INVERTING else 2
    if (first, second) == ("why", "not") or (first in ("what", "who") and second in _SUBJECT_VERBS):
        return 2
    if first in ("which", "whose"):  # "which is why": a relative clause
        return 3 if third in _INVERTING - _BE else 0
    if second in _INVERTING:
        return 2
    return 3 if first == "what" and third in _INVERTING - _BE and second not in _PRONOUN else 0


def _inversion(words: list[str]) -> int:
    """``does your team ...``, ``do not you ...``; a subject that ends the speech is no proof.

    (``so do i``, ``neither can we``.)
    """
    if not words or words[0] not in _INVERTING:
        return 0
    negated = words[1:2] == ["not"]
    subject = words[2:3] if negated else words[1:2]
    if not subject or len(words) < (4 if negated else 3):
        return 0
    allowed = _PRONOUN if negated else _SUBJECTS[words[0]]
    return (3 if negated else 2) if subject[0] in allowed else 0


def _inverts_inside(words: list[str], before: list[str]) -> int:
    """A question in the middle of unpunctuated words: only full inversion is proof enough."""
    first, second, third, _ = [*words, "", "", "", ""][:4]
    if first == "how" and second in _HOW and third in _INVERTING:
        return 3
    if first in _WH and second in _INVERTING:
        subjects = _PRONOUN | _POSSESSIVE
        if first not in ("who", "which", "whom", "whose"):  # "the people who are the best"
            subjects |= _DETERMINER
        return 3 if third in subjects else 0
    if first in _MODAL and second == "you" and third:
        never = before[-1] in _WH | {"as", "nor", "neither", "than", "only", "you", "all"}
        return 0 if never else 2
    return 0


def _has_tag(words: list[str]) -> bool:
    """``it works, is it not``, ``you use it, right`` at the end."""
    if len(words) < 4:
        return False
    third, second, last = words[-3:]
    if third in _INVERTING and second == "not":
        return last in _PRONOUN | {"that"}  # "isn't it" written out
    return last in ("right", "correct") and second not in _PLAIN_RIGHT
