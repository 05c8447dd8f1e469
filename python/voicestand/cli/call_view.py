"""The figures of a conversation in words, for a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from voicestand.events import CallMetrics, ChannelMetrics, CoachMetrics

if TYPE_CHECKING:
    from voicestand.coach.verdicts import Verdict

_NAMES = {
    "talk_ratio": ("share of the talk", "{:.0%}"),
    "words_per_minute": ("words a minute", "{:.0f}"),
    "monologue": ("longest monologue", "{:.0f} s"),
    "patience": ("patience", "{:.1f} s"),
    "interruptions": ("interruptions in five minutes", "{:.1f}"),
    "dead_air": ("longest silence", "{:.0f} s"),
    "questions": ("questions", "{:.0f}"),
    "open_questions": ("open questions", "{:.0f}"),
}


def at_a_glance(metrics: CoachMetrics) -> str | None:
    """What the person on channel ``self`` may steer by, in one line; None before he spoke."""
    own = metrics.channels.get("self")
    if own is None or not own.words:
        return None
    parts = [
        f"you {own.talk_ratio:.0%} of the talk",
        f"{own.words_per_minute:.0f} words/min",
        f"{_counted(own.questions, 'question')} ({own.open_questions} open)",
    ]
    if own.patience is not None:
        parts.append(f"patience {own.patience:.1f} s")
    if own.interruptions:
        parts.append(_counted(own.interruptions, "interruption"))
    return " · ".join(parts)


def together(call: CallMetrics) -> str:
    """How all have spoken together, in one line."""
    parts = [
        f"together {_counted(call.turns, 'turn')}",
        f"{call.interactivity:.1f} changes a minute",
        f"cross-talk {call.crosstalk_seconds:.1f} s",
        f"dead air {call.dead_air_seconds:.0f} s",
    ]
    return ", ".join(parts)


def manners(channels: dict[str, ChannelMetrics]) -> Iterator[str]:
    """A table of how each channel behaved towards the others."""
    width = max(len("CHANNEL"), *map(len, channels)) if channels else 0
    yield (
        f"{'CHANNEL':<{width}}  {'TURNS':>5}  {'PATIENCE':>8}  {'INTERRUPTIONS':>13}  "
        f"{'OPEN QUESTIONS':>14}  {'SENTIMENT':>9}  {'TREND':>5}"
    )
    for channel, spoken in channels.items():
        patience = "-" if spoken.patience is None else f"{spoken.patience:.1f} s"
        yield (
            f"{channel:<{width}}  {spoken.turns:>5}  {patience:>8}  {spoken.interruptions:>13}  "
            f"{spoken.open_questions:>14}  {_signed(spoken.sentiment):>9}  "
            f"{_signed(spoken.sentiment_trend):>5}"
        )


def beyond(verdicts: list[Verdict]) -> Iterator[str]:
    """One line for each figure that is beyond its threshold."""
    for one in verdicts:
        bound = {"low": one.least, "high": one.most, "good": None}[one.verdict]
        if bound is not None:
            name, form = _NAMES[one.metric]
            which = "at least" if one.verdict == "low" else "at most"
            yield f"{name} {form.format(one.value)}: {which} {form.format(bound)}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
