"""Warnings from the metrics come once, in time, and never nag."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.coach.spoken_finals import final

from voicestand.coach import ConversationMetrics
from voicestand.coach.limits import THRESHOLD_KEYS, Thresholds
from voicestand.coach.thresholds import BETWEEN_WARNINGS, Excess, ThresholdWatch
from voicestand.coach.verdicts import judge
from voicestand.events import TranscriptFinal

OFF = Thresholds(**dict.fromkeys(THRESHOLD_KEYS, 0.0))
STATEMENT = "we make notes of every call"
OPEN_QUESTION = "what do you use today"
CLOSED_QUESTION = "is it slow"


class Call:
    """A conversation on its way, and what was warned of."""

    def __init__(self, limits: Thresholds) -> None:
        self.watch = ThresholdWatch(limits)
        self.metrics = ConversationMetrics(["self", "other"])
        self.now = 0.0

    def say(
        self, channel: str, seconds: float, text: str = STATEMENT, after: float = 1.0
    ) -> str | None:
        """Lets ``channel`` speak, ``after`` so many seconds of silence; what is warned of."""
        start = self.now + after
        self.now = max(self.now, start + seconds)
        return self.hear(final(channel, start, start + seconds, text))

    def hear(self, one: TranscriptFinal) -> str | None:
        self.metrics.update(one)
        excess = self.watch.check(self.metrics, one.end)
        return excess.metric if excess else None


def test_too_many_interruptions_are_named_once() -> None:
    call = Call(replace(OFF, interruptions=3))
    warned = []
    for n in range(8):
        call.say("other", 10)
        if call.say("self", 5, after=-5) == "interruptions":
            warned.append(n + 1)
    assert warned == [4]


def test_interruptions_of_long_ago_are_forgiven() -> None:
    call = Call(replace(OFF, interruptions=3))
    for _ in range(8):
        call.say("other", 60)
        assert call.say("self", 40, after=-5) is None


def test_hasty_answers_are_noticed_after_five_of_them() -> None:
    call = Call(replace(OFF, patience=0.3))
    warned = []
    for n in range(10):
        call.say("other", 5)
        if call.say("self", 5, after=0.1) == "patience":
            warned.append(n + 1)
    assert warned == [5]


def test_patient_answers_are_fine() -> None:
    call = Call(replace(OFF, patience=0.3))
    for _ in range(10):
        assert call.say("other", 5) is None
        assert call.say("self", 5, after=0.6) is None


@pytest.mark.parametrize(("silence", "warned"), [(9.0, None), (11.0, "dead_air"), (130.0, None)])
def test_dead_air_is_named_unless_it_was_a_break(silence: float, warned: str | None) -> None:
    call = Call(replace(OFF, dead_air=10))
    call.say("self", 5)
    assert call.say("other", 5, after=silence) == warned
    assert call.say("self", 5) is None


def test_questions_are_not_counted_against_anybody_at_the_beginning() -> None:
    call = Call(replace(OFF, questions=10, open_questions=4, judged_after=1200))
    warned = []
    while call.now < 1500:
        for channel in ("self", "other"):
            excess = call.say(channel, 10, CLOSED_QUESTION if call.now < 100 else STATEMENT)
            if excess:
                warned.append((excess, round(call.now)))
    assert [metric for metric, _ in warned] == ["open_questions", "questions"]
    assert all(when >= 1200 for _, when in warned)
    assert warned[1][1] - warned[0][1] >= BETWEEN_WARNINGS


def test_who_asks_enough_hears_nothing() -> None:
    call = Call(replace(OFF, questions=10, open_questions=4, judged_after=1200))
    while call.now < 1500:
        assert call.say("self", 30, OPEN_QUESTION) is None
        call.say("other", 30)


def test_a_warning_comes_again_after_the_figure_has_recovered_and_the_cooldown() -> None:
    call = Call(replace(OFF, monologue=60, cooldown=120))
    assert [call.say("self", 35) for _ in range(3)] == [None, "monologue", None]
    call.say("other", 5)
    assert [call.say("self", 35) for _ in range(3)] == [None, None, "monologue"]


def test_other_thresholds_come_into_force_without_forgetting_what_was_warned_of() -> None:
    discovery = replace(OFF, monologue=60, cooldown=600)
    call = Call(discovery)
    assert [call.say("self", 35) for _ in range(2)] == [None, "monologue"]
    call.watch.thresholds = replace(discovery, monologue=30)
    call.say("other", 5)
    assert [call.say("self", 35) for _ in range(3)] == [None, None, None]
    call.watch.thresholds = replace(discovery, monologue=0)
    call.now += 600
    assert [call.say("self", 35) for _ in range(3)] == [None, None, None]
    call.watch.thresholds = discovery
    call.say("other", 5)
    assert [call.say("self", 35) for _ in range(2)] == [None, "monologue"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["self", "other"]),
            st.sampled_from([STATEMENT, OPEN_QUESTION, "word " * 60]),
            st.integers(1, 20),
            st.sampled_from([-4.0, 0.1, 1.0, 12.0]),
        ),
        max_size=60,
    )
)
def test_no_conversation_is_nagged(said: list[tuple[str, str, int, float]]) -> None:
    limits = replace(Thresholds(), judged_after=100)
    call = Call(limits)
    warned: list[tuple[float, str]] = []
    for channel, text, seconds, after in said:
        excess = call.say(channel, seconds, text, after)
        if excess:
            warned.append((call.now, excess))
    for (one, _), (two, _) in itertools.pairwise(warned):
        assert two - one >= BETWEEN_WARNINGS - 4
    for metric in THRESHOLD_KEYS:
        times = [when for when, what in warned if what == metric]
        assert all(b - a >= limits.cooldown - 4 for a, b in itertools.pairwise(times))


def test_the_words_of_a_warning_have_the_figure() -> None:
    watch = ThresholdWatch(replace(OFF, patience=0.3))
    metrics = ConversationMetrics(["self", "other"])
    excess: Excess | None = None
    for n in range(5):
        metrics.update(final("other", 20 * n, 20 * n + 9.9, STATEMENT))
        metrics.update(final("self", 20 * n + 10, 20 * n + 19, STATEMENT))
        excess = watch.check(metrics, 20 * n + 19) or excess
    assert excess is not None
    assert excess.text.startswith("You answer after 0.1 seconds.")


def test_a_call_that_is_over_is_judged() -> None:
    call = Call(OFF)
    for n in range(40):
        call.say("self", 20, OPEN_QUESTION if n < 5 else STATEMENT, after=0.2)
        call.say("other", 10, after=0.6)
    verdicts = {
        one.metric: one for one in judge(call.metrics.snapshot(), call.metrics.call(), Thresholds())
    }
    assert {name: one.verdict for name, one in verdicts.items()} == {
        "talk_ratio": "high",
        "words_per_minute": "good",
        "monologue": "good",
        "patience": "low",
        "interruptions": "good",
        "dead_air": "good",
        "questions": "low",
        "open_questions": "good",
    }
    assert (verdicts["questions"].least, verdicts["questions"].most) == (10, 14)
    assert verdicts["talk_ratio"].least is None


def test_a_call_of_a_minute_is_not_judged_by_its_questions() -> None:
    call = Call(OFF)
    call.say("self", 20)
    call.say("other", 20)
    judged = judge(call.metrics.snapshot(), call.metrics.call(), Thresholds())
    assert [one.metric for one in judged] == [
        "words_per_minute",
        "monologue",
        "interruptions",
        "dead_air",
    ]
    assert judge(call.metrics.snapshot(), call.metrics.call(), OFF) == []
    assert judge({}, call.metrics.call(), Thresholds()) == []
