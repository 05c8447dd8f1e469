"""The figures of a conversation in words."""

from __future__ import annotations

from tests.coach.spoken_finals import final

from voicestand.cli.call_view import at_a_glance, beyond, manners, together
from voicestand.coach import ConversationMetrics
from voicestand.coach.limits import Thresholds
from voicestand.coach.verdicts import judge
from voicestand.events import CoachMetrics


def conversation() -> ConversationMetrics:
    metrics = ConversationMetrics(["self", "other"])
    for n in range(5):
        metrics.update(final("self", 20 * n, 20 * n + 12, "what do you use today it is great"))
        metrics.update(final("other", 20 * n + 10, 20 * n + 14, "that is a terrible mess"))
        metrics.update(final("self", 20 * n + 14.1, 20 * n + 19, "i see your problem"))
    return metrics


def test_one_line_says_what_one_may_steer_by() -> None:
    metrics = conversation()
    event = CoachMetrics(session="s", t=1.0, channels=metrics.snapshot(), call=metrics.call())
    assert at_a_glance(event) == (
        "you 81% of the talk · 43 words/min · 5 questions (5 open) · patience 0.1 s"
    )
    silent = CoachMetrics(session="s", t=1.0, channels=ConversationMetrics(["self"]).snapshot())
    assert at_a_glance(silent) is None


def test_the_call_is_one_line_and_each_channel_a_row() -> None:
    metrics = conversation()
    assert together(metrics.call()) == (
        "together 11 turns, 6.1 changes a minute, cross-talk 10.0 s, dead air 0 s"
    )
    head, own, other = manners(metrics.snapshot())
    assert head.startswith("CHANNEL  TURNS  PATIENCE  INTERRUPTIONS")
    assert own.split()[:3] == ["self", "6", "0.1"]
    assert other.split() == ["other", "5", "-", "5", "0", "-0.86", "-"]


def test_only_what_is_beyond_a_threshold_is_said() -> None:
    metrics = conversation()
    verdicts = judge(metrics.snapshot(), metrics.call(), Thresholds())
    assert list(beyond(verdicts)) == [
        "share of the talk 81%: at most 65%",
        "patience 0.1 s: at least 0.3 s",
    ]
