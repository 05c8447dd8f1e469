"""Regular expressions that a user wrote: compiled, and kept from stopping the coach.

Python's matcher backtracks and cannot be interrupted. Two bounds keep it short: a pattern is only
tried on the first ``LONGEST_TEXT`` characters of an utterance, and a group with an unbounded
repetition inside must not itself be repeated without bound, since that takes exponential time. A
pattern with many ``.*`` can still be slow, by a power of that length.
"""

from __future__ import annotations

import re
import warnings

LONGEST_TEXT = 400
"""Characters, about 75 words: more than most people say in the 20 s of the longest utterance."""
MOST_REPEATS = 10
"""A group that is repeated up to so many times may have an unbounded repetition inside."""

SHORTEST_LITERAL = 3
"""Letters; what is shorter stands in nearly every utterance."""

_OPTIONAL = frozenset("*?{")
_CLASS = re.compile(r"\[\^?\]?(?:[^\]\\]|\\.)*\]", re.DOTALL)
_QUANTIFIER = re.compile(r"[*+]|\{(\d*)(,?)(\d*)\}")


class PatternError(ValueError):
    """The text is not a usable regular expression; the message says why, without the text."""


def compile_pattern(source: str) -> re.Pattern[str]:
    """The compiled expression, which ignores case. Raises ``PatternError``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a note on future syntax would not reach its author
            pattern = re.compile(source, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"is not a regular expression: {error}") from None
    if pattern.match(""):
        raise PatternError("matches everything, because it matches the empty text")
    if _repeats_a_repetition(source):
        raise PatternError(
            "repeats a group that has a repetition inside, which can take forever: "
            f"bound the outer one, for example {{0,{MOST_REPEATS}}}"
        )
    return pattern


def required_literal(source: str) -> str:
    """Lower-case letters and spaces without which the expression cannot match; empty: none known.

    Looking for them first is ten times as fast as starting the matcher. ``source`` must compile.
    Only what stands outside of groups is considered, and nothing where it has alternatives, flags
    or escapes that stand for a character.
    """
    longest = run = ""
    depth = at = 0
    while at < len(source):
        character, after = source[at], source[at + 1 : at + 2]
        if character == "[" and (match := _CLASS.match(source, at)):
            run, at = "", match.end()
            continue
        if _may_mislead(source, at) or (depth == 0 and character == "|"):
            return ""
        depth += (character == "(") - (character == ")")
        plain = depth == 0 and character.isascii() and (character.isalpha() or character == " ")
        run = run + character.lower() if plain and after not in _OPTIONAL else ""
        longest = max(longest, run, key=len)
        run = "" if after == "+" else run
        at += 2 if character == "\\" else 1
    return longest if len(longest.strip()) >= SHORTEST_LITERAL else ""


def _may_mislead(source: str, at: int) -> bool:
    """A group with flags or a name, or an escape that is neither a class nor a plain character."""
    if source.startswith("(?", at):
        return source[at + 2] != ":"
    escaped = source[at + 1] if source[at] == "\\" else ""
    return escaped.isalnum() and escaped not in "bBdDsSwWAZ"


def _repeats_a_repetition(source: str) -> bool:
    """Whether an unbounded repetition stands inside another. ``source`` must compile."""
    unbounded_inside = [False]
    at = 0
    while at < len(source):
        closed = False
        if source[at] == "\\":
            at += 2
        elif source[at] == "[" and (match := _CLASS.match(source, at)):
            at = match.end()
        elif source[at] == "(":
            unbounded_inside.append(False)
            at += 2 if source.startswith("(?", at) else 1
            continue
        else:
            closed = source[at] == ")"
            at += 1
        inside = unbounded_inside.pop() if closed else False
        quantifier = _QUANTIFIER.match(source, at)
        unbounded = quantifier is not None and _is_unbounded(quantifier)
        if inside and unbounded:
            return True
        unbounded_inside[-1] |= inside or unbounded
    return False


def _is_unbounded(quantifier: re.Match[str]) -> bool:
    if quantifier[0] in "*+":
        return True
    fewest, comma, most = quantifier.groups()
    if comma and not most:
        return True
    return int(most or fewest or 0) > MOST_REPEATS
