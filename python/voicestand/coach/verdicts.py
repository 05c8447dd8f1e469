"""The figures of a call that is over, held against the thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from voicestand.audio.source import SELF
from voicestand.coach.limits import Thresholds
from voicestand.coach.metrics import FEWEST_ANSWERS
from voicestand.coach.thresholds import SPEECH_BEFORE_RATIO
from voicestand.events import CallMetrics, ChannelMetrics

INTERRUPTIONS_IN = 300.0
"""Seconds that the threshold of interruptions is for."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One figure of the person on channel ``self``."""

    metric: str
    """The key in ``[thresholds]``."""
    value: float
    least: float | None = None
    most: float | None = None
    verdict: Literal["good", "low", "high"] = msgspec.field(default_factory=lambda: "good")


def judge(
    channels: Mapping[str, ChannelMetrics], call: CallMetrics, limits: Thresholds
) -> list[Verdict]:
    """A verdict on each figure that can be judged and whose threshold is not switched off.

    Empty if the person on channel ``self`` did not speak.
    """
    own = channels.get(SELF)
    if own is None or not own.words:
        return []
    return list(_verdicts(own, call, limits))


def _verdicts(own: ChannelMetrics, call: CallMetrics, limits: Thresholds) -> Iterator[Verdict]:
    if call.talk_seconds >= SPEECH_BEFORE_RATIO / 1e6:
        yield from _verdict("talk_ratio", own.talk_ratio, most=limits.talk_ratio)
    yield from _verdict("words_per_minute", own.words_per_minute, most=limits.words_per_minute)
    yield from _verdict("monologue", own.longest_monologue, most=limits.monologue)
    if own.patience is not None and own.turns >= FEWEST_ANSWERS:
        yield from _verdict("patience", own.patience, least=limits.patience)
    rate = own.interruptions * INTERRUPTIONS_IN / max(INTERRUPTIONS_IN, call.seconds)
    yield from _verdict("interruptions", rate, most=limits.interruptions)
    yield from _verdict("dead_air", call.longest_silence, most=limits.dead_air)
    if call.seconds >= limits.judged_after:
        yield from _verdict("questions", own.questions, limits.questions, limits.most_questions)
        yield from _verdict("open_questions", own.open_questions, least=limits.open_questions)


def _verdict(metric: str, value: float, least: float = 0, most: float = 0) -> Iterator[Verdict]:
    if not least and not most:
        return
    low, high = value < least, bool(most) and value > most
    yield Verdict(
        metric=metric,
        value=value,
        least=least or None,
        most=most or None,
        verdict="low" if low else "high" if high else "good",
    )
