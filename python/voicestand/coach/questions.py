"""Questions in speech: recognizers give no question marks, so word order must tell.

English only. The rules, with examples, are in docs/coaching.md; they rest on subject-auxiliary
inversion, which in English marks nearly all direct questions and few other sentences (Quirk et
al., A Comprehensive Grammar of the English Language, 1985, chapter 11).
"""

from __future__ import annotations

from typing import NamedTuple

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
_BEFORE_A_CLAUSE = _CONJUNCTION | _INTERJECTION
_OPENERS = _WH | _INVERTING
"""No question begins with any other word."""
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
_WHAT_FACT = word_set("time day date year month size if about")
"""``what time``, ``what if``, ``how about`` want a fact or a yes."""
_ASKING = word_set("can could would will")
_TELLING = word_set("tell describe explain walk share talk help show")
"""``can you tell me``: a yes does not answer it."""
_SUBJECT_VERBS = word_set(
    "happens happened makes made brings brought decides handles owns signs approves pays uses"
)
"""``what happens``, ``who decides``: the question word is the subject and nothing inverts."""
_PLAIN_RIGHT = word_set("is are be all was that quite about the my your to turn just not")
"""Before a final ``right`` these make it an adjective (``that is right``), not a tag."""


class Questions(NamedTuple):
    """How many questions were asked, by what can answer them."""

    open: int
    """``what``, ``how`` and ``why``, ``can you tell me``: a few words do not answer them."""
    closed: int
    """Yes or no, a name, a number, a day."""


def find_questions(text: str) -> Questions:
    """The questions of one utterance.

    Where the text is punctuated the marks are believed: one question for each sentence that ends
    in ``?``, none for one that ends in ``.`` or ``!``. Where it is not, word order decides.
    """
    found: list[bool] = []
    for words, mark in sentences(text):
        full = written_out(words)
        if mark == "?":
            found.append(_is_open(full[:4]) or any(_by_word_order(full)))
        elif not mark:
            found.extend(_by_word_order(full))
    return Questions(open=sum(found), closed=len(found) - sum(found))


def count_questions(text: str) -> int:
    """How many questions one utterance asks, open and closed."""
    return sum(find_questions(text))


def _by_word_order(words: list[str]) -> list[bool]:
    """For each question in unpunctuated words whether it is open."""
    found: list[bool] = []
    position = 0
    while position < len(words):
        if words[position] not in _OPENERS:
            position += 1
            continue
        before = words[max(0, position - 2) : position]
        begins = not before or before[-1] in _BEFORE_A_CLAUSE
        begins = begins or tuple(before) in _LEAD_IN
        after = words[position : position + 4]
        length = _opens(after, before) if begins else _inverts_inside(after, before)
        if length:
            found.append(_is_open(after))
        position += max(1, length)
    return found or ([False] if _has_tag(words) else [])


def _is_open(words: list[str]) -> bool:
    """Whether the question that begins with ``words`` wants more than a fact."""
    first, second, third, fourth = [*words, "", "", "", ""][:4]
    if first in _ASKING and second == "you":
        return third in _TELLING or (third == "please" and fourth in _TELLING)
    if first == "how":
        greeting = (second, third) == ("are", "you") and fourth in ("", "today", "doing")
        return not greeting and second not in _HOW - {"come", "well"}
    return first == "why" or (first == "what" and second not in _WHAT_FACT)


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
