"""Filler words: what is said while thinking. Listed, with the rules, in docs/coaching.md."""

from __future__ import annotations

from voicestand.coach.words import word_set

HESITATIONS = word_set("um umm uhm uh uhh er err erm eh ah hm hmm hmmm mm")
"""Sounds that are never anything else. ``mhm`` and ``uh-huh`` mean yes, so they are not here."""

_NOT_A_FILLER_AFTER = {
    ("you", "know"): word_set(
        "do did does if as let lets would should must might could may that what when how "
        "because once so before until happen don't"
    ),
    ("i", "mean"): word_set("what which do did if that does"),
}
"""``do you know``, ``let you know``, ``what i mean`` say something; ``you know`` alone does not."""
_YOU_KNOW_SOMETHING = word_set("what that how who where when why if whether about")
"""``you know what it costs``."""
_SO_ENDS = word_set("think hope guess say said suppose believe if do even not or and ever")
"""``i think so`` ends in a meaning, ``we tried it and it was okay so`` in a filler."""


def count_fillers(words: list[str]) -> int:
    """How many filler words and phrases one utterance has; ``words`` as ``words.spoken`` gives.

    Ambiguous words (``like``, ``so``, ``basically``) count only where nothing else can be meant:
    beside a hesitation, doubled (``like like``), ``basically`` as the first word, ``so`` as the
    last. A miss is preferred to a false alarm.
    """
    count = 0
    position = 0
    while position < len(words):
        length = _filler_at(words, position)
        count += length > 0
        position += max(1, length)
    return count


def _filler_at(words: list[str], at: int) -> int:
    """The number of words of the filler that begins here; 0 if none does."""
    word = words[at]
    if word in HESITATIONS:
        # "uh huh" is a yes.
        return 0 if word == "uh" and words[at + 1 : at + 2] == ["huh"] else 1
    pair = tuple(words[at : at + 2])
    if len(pair) == 2 and pair in _NOT_A_FILLER_AFTER:
        before = words[at - 1] if at else ""
        meant = before in _NOT_A_FILLER_AFTER[pair] or _has_object(pair, words[at + 2 :])
        return 0 if meant else 2
    if word in ("like", "so", "basically") and _nothing_else_is_meant(words, at):
        return 1
    return 0


def _has_object(pair: tuple[str, ...], rest: list[str]) -> bool:
    """``you know how``; ``i mean it``, but not ``i mean it is late``."""
    if pair == ("i", "mean"):
        return rest in (["it"], ["that"], ["this"])
    return bool(rest) and rest[0] in _YOU_KNOW_SOMETHING


def _nothing_else_is_meant(words: list[str], at: int) -> bool:
    word = words[at]
    before = words[at - 1] if at else ""
    after = words[at + 1] if at + 1 < len(words) else ""
    if before in HESITATIONS or after in HESITATIONS:
        return True
    if word == "like":
        return after == "like"
    if word == "so":
        return bool(before) and not after and before not in _SO_ENDS
    return not before
