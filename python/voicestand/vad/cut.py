"""Where an utterance that is too long is cut: between words, if there is a choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from voicestand.vad.windows import HOP, LATENESS

_CERTAINTY = 10.0
"""dB that a window which surely holds speech counts for, beside its level."""
_REACH = 3
"""Windows on either side of a place whose level counts. Measured on aligned words: with one or two,
pauses within words are taken more often, with four the short ones between words are missed."""


class Window(NamedTuple):
    """What is known of one window."""

    probability: float
    level: float
    """dB."""


def weakest(windows: Sequence[Window], places: Sequence[int]) -> int:
    """Of ``places``, indices of ``windows``, the one where least is said, the latest if several.

    What counts is the moment that a window's probability speaks of, ``LATENESS`` before its middle:
    the level over 192 ms, since what is both quiet and long is between words rather than within
    one. Where the level tells nothing, as in noise, the probability decides.
    """

    def strength(index: int) -> float:
        moment = index - LATENESS // HOP
        around = windows[max(0, moment - _REACH) : moment + _REACH] or windows[:1]
        level = sum(window.level for window in around) / len(around)
        return level + _CERTAINTY * windows[index].probability

    return min(places, key=lambda index: (strength(index), -index))
