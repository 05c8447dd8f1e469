"""Turns, patience, interruptions, cross-talk, dead air: exact, on time lines made by hand or drawn.

The reference recomputes everything from the list of utterances, by the definitions of
docs/coaching.md, without a thought for time or memory.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.coach.spoken_finals import final

from voicestand.coach import ConversationMetrics
from voicestand.coach.backchannels import only_listens
from voicestand.coach.pauses import DEAD_AIR, LONGEST_DEAD_AIR
from voicestand.coach.questions import find_questions
from voicestand.coach.sentiment import EVIDENCE, NONE, PRIOR, RECENT_MINUTES, feeling
from voicestand.coach.timeline import OPEN_UTTERANCES, Timeline, Utterance
from voicestand.coach.turns import MARGIN
from voicestand.coach.words import spoken, written_out
from voicestand.events import CallMetrics, ChannelMetrics, TranscriptFinal

CHANNELS = ["self", "other", "third"]
TEXTS = ["", "mhm", "yes", "i see", "it is so", "do you see it", "that is great", "it is awful"]
STEP = 100_000
"""Microseconds: fine enough to touch, to lie within the margin, and to lie outside of it."""


@st.composite
def conversations(draw: st.DrawFn, channels: int = 2, most: int = 12) -> list[TranscriptFinal]:
    """Utterances that do not overlap within a channel, in the order of their starts."""
    finals: list[TranscriptFinal] = []
    for channel in CHANNELS[:channels]:
        now = draw(st.integers(0, 30))
        for _ in range(draw(st.integers(0, most))):
            start = now + draw(st.sampled_from([0, 1, 2, 6, 30, 49, 50, 51, 90, 1210]))
            now = start + draw(st.sampled_from([0, 3, 5, 8, 11, 30, 200]))
            text = draw(st.sampled_from(TEXTS))
            finals.append(final(channel, start / 10, now / 10, text, str(len(finals))))
    return sorted(finals, key=lambda one: (one.start, one.end, one.channel))


@dataclass
class Reference:
    """All of a conversation at once."""

    finals: list[TranscriptFinal]

    def __post_init__(self) -> None:
        self.said = sorted(
            Utterance(
                round(f.start * 1e6),
                round(f.end * 1e6),
                f.channel,
                only_listens(spoken(f.text)),
                sum(find_questions(f.text)) > 0,
            )
            for f in self.finals
            if f.text
        )
        self.floor: list[Utterance] = []
        for one in self.said:
            if not one.listening or self.answers(one):
                self.floor.append(one)

    def answers(self, one: Utterance) -> bool:
        if not self.floor:
            return False
        before = self.floor[-1]
        return before.asks and before.channel != one.channel and one.start > before.end - MARGIN

    def backchannels(self, channel: str) -> int:
        return sum(u.channel == channel for u in self.said) - sum(
            u.channel == channel for u in self.floor
        )

    def turns(self, channel: str) -> int:
        return sum(who == channel for who, _ in itertools.groupby(self.floor, lambda u: u.channel))

    def pauses(self, channel: str) -> list[int]:
        found = []
        for n, one in enumerate(self.floor):
            if one.channel != channel or n == 0 or self.floor[n - 1].channel == channel:
                continue
            other = max(u.end for u in self.floor[:n] if u.channel != channel)
            own = max((u.end for u in self.floor[:n] if u.channel == channel), default=0)
            if own <= other and 0 <= one.start - other <= DEAD_AIR:
                found.append(one.start - other)
        return found

    def interruptions(self, channel: str) -> int:
        """Utterances of others into which ``channel`` began, unless it was speaking already."""
        count = 0
        for n, victim in enumerate(self.floor):
            mine = [u for u in self.floor if u.channel == channel]
            spoke_already = any(u.end > victim.start for u in self.floor[:n] if u in mine)
            began = any(
                victim.start + MARGIN <= u.start <= victim.end - MARGIN for u in mine if u > victim
            )
            count += victim.channel != channel and began and not spoke_already
        return count

    def crosstalk(self) -> int:
        """In steps of the clock."""
        last = max((u.end for u in self.floor), default=0)
        return STEP * sum(
            len({u.channel for u in self.floor if u.start <= t < u.end}) > 1
            for t in range(0, last, STEP)
        )

    def silences(self) -> list[int]:
        found = []
        for n, one in enumerate(self.said[1:], 1):
            gap = one.start - max(u.end for u in self.said[:n])
            found.append(max(0, gap))
        return found

    def span(self) -> int:
        breaks = sum(one for one in self.silences() if one > LONGEST_DEAD_AIR)
        return max(u.end for u in self.said) - self.said[0].start - breaks if self.said else 0


def measured(finals: list[TranscriptFinal]) -> ConversationMetrics:
    metrics = ConversationMetrics(CHANNELS)
    for one in finals:
        metrics.update(one)
    return metrics


def figures(finals: list[TranscriptFinal]) -> tuple[dict[str, ChannelMetrics], CallMetrics]:
    metrics = measured(finals)
    return metrics.snapshot(), metrics.call()


@given(conversations(), st.randoms(use_true_random=False))
def test_figures_are_those_of_the_definitions_in_any_order_of_arrival(
    finals: list[TranscriptFinal], rng: random.Random
) -> None:
    reference = Reference(finals)
    arrived = list(finals)
    rng.shuffle(arrived)
    channels, call = figures(arrived)
    for channel in CHANNELS:
        pauses = reference.pauses(channel)
        assert channels[channel].turns == reference.turns(channel)
        assert channels[channel].backchannels == reference.backchannels(channel)
        assert channels[channel].interruptions == reference.interruptions(channel)
        assert channels[channel].patience == (sum(pauses) / len(pauses) / 1e6 if pauses else None)
    silences = [one for one in reference.silences() if one <= LONGEST_DEAD_AIR]
    dead = [one for one in silences if one > DEAD_AIR]
    turns = sum(map(reference.turns, CHANNELS))
    span = reference.span()
    assert call.seconds == span / 1e6
    assert call.turns == turns
    assert call.interactivity == (max(0, turns - 1) * 60e6 / span if span else 0.0)
    assert call.interruptions == sum(map(reference.interruptions, CHANNELS))
    assert call.crosstalk_seconds == reference.crosstalk() / 1e6
    assert (call.dead_air, call.dead_air_seconds) == (len(dead), sum(dead) / 1e6)
    assert call.longest_silence == max(silences, default=0) / 1e6
    assert (channels, call) == figures(finals)


@given(conversations(channels=3, most=6))
def test_crosstalk_of_three_is_the_time_in_which_more_than_one_speaks(
    finals: list[TranscriptFinal],
) -> None:
    assert figures(finals)[1].crosstalk_seconds == Reference(finals).crosstalk() / 1e6


@given(conversations(), st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_order_of_arrival_does_not_matter_in_a_long_call(
    finals: list[TranscriptFinal], rng: random.Random, rounds: int
) -> None:
    """Longer than what stays open, each final late by less than that."""
    shift = max((one.end for one in finals), default=0) + 1
    call = [
        final(one.channel, one.start + n * shift, one.end + n * shift, one.text)
        for n in range(rounds)
        for one in finals
    ]
    late = sorted(range(len(call)), key=lambda n: n + rng.uniform(0, OPEN_UTTERANCES - 1))
    assert figures([call[n] for n in late]) == figures(call)


@given(conversations(), st.randoms(use_true_random=False))
def test_sentiment_and_its_trend_are_those_of_the_definitions(
    finals: list[TranscriptFinal], rng: random.Random
) -> None:
    slow = [final(one.channel, one.start * 20, one.end * 20, one.text) for one in finals]
    now = max((round(one.end * 1e6) for one in slow if one.text), default=0)
    rng.shuffle(slow)
    shown = measured(slow).snapshot()
    for channel in CHANNELS:
        sums = {True: NONE, False: NONE}
        for one in slow:
            if one.channel == channel:
                recent = round(one.end * 1e6) // 60_000_000 > now // 60_000_000 - RECENT_MINUTES
                weights = feeling(written_out(spoken(one.text)))
                sums[recent] = sums[recent].plus(weights)
        p, n = map(sum, zip(*sums.values(), strict=True))
        assert shown[channel].sentiment == ((p - n) / (p + n + PRIOR) if p + n else None)
        judged = min(one.weight for one in sums.values()) >= EVIDENCE
        trend = sums[True].sentiment - sums[False].sentiment if judged else None
        assert shown[channel].sentiment_trend == trend


def test_a_conversation_made_by_hand() -> None:
    channels, call = figures(
        [
            final("self", 0.0, 10.0, "what do you use today"),
            final("other", 4.0, 4.5, "mhm"),  # a listener
            final("other", 11.0, 20.0, "we use paper and it is terrible"),
            final("self", 15.0, 18.0, "let me show you something"),  # an interruption, 3 s of it
            final("self", 20.5, 22.0, "is it slow"),
            final("other", 21.8, 22.3, "yes"),  # an answer, at the very end of the question
            final("self", 30.3, 40.0, "i see so paper is slow"),  # after eight seconds
        ]
    )
    assert channels["other"].backchannels == 1
    assert (channels["self"].turns, channels["other"].turns) == (3, 2)
    assert (channels["self"].interruptions, channels["other"].interruptions) == (1, 0)
    assert channels["other"].patience == 1.0
    assert channels["self"].patience is None
    assert (channels["self"].questions, channels["self"].open_questions) == (2, 1)
    assert call.turns == 5
    assert call.interactivity == 4 / 40 * 60
    assert call.crosstalk_seconds == pytest.approx(3.2)
    assert (call.dead_air, call.dead_air_seconds, call.longest_silence) == (1, 8.0, 8.0)
    assert call.talk_seconds == pytest.approx(34.2)
    assert call.words == sum(one.words for one in channels.values())


@pytest.mark.parametrize(
    ("start", "end", "by"),
    [
        (3.0, 8.0, "other"),
        (9.4, 14.0, "other"),
        (9.6, 14.0, None),  # the end was foreseen
        (0.3, 14.0, None),  # both began at once
        (10.0, 14.0, None),
    ],
)
def test_who_begins_into_whom(start: float, end: float, by: str | None) -> None:
    channels, _ = figures(
        [
            final("self", 0.0, 10.0, "let me tell you about it"),
            final("other", start, end, "we have that already"),
        ]
    )
    assert [one for one in channels if channels[one].interruptions] == ([by] if by else [])


def test_what_a_channel_says_over_its_own_words_is_no_more_crosstalk() -> None:
    _, call = figures(
        [
            final("self", 0.0, 10.0, "let me tell you about it"),
            final("other", 2.0, 6.0, "we have that already"),
            final("other", 4.0, 8.0, "already for years"),
        ]
    )
    assert call.crosstalk_seconds == 6.0


def test_taking_the_floor_back_is_no_interruption() -> None:
    channels, _ = figures(
        [
            final("self", 0.0, 6.0, "let me tell you about it"),
            final("other", 3.0, 12.0, "we have that already"),
            final("self", 8.0, 14.0, "as i said"),
        ]
    )
    assert (channels["self"].interruptions, channels["other"].interruptions) == (0, 1)


@pytest.mark.parametrize("said", ["mhm", "Yeah, yeah.", "okay i see", "right of course", "Uh-huh"])
def test_a_listener_takes_no_turn(said: str) -> None:
    channels, call = figures(
        [
            final("self", 0.0, 5.0, "we make notes"),
            final("other", 5.2, 6.0, said),
            final("self", 6.2, 9.0, "during calls"),
        ]
    )
    assert channels["other"].backchannels == 1
    assert call.turns == 1


def test_after_a_question_the_same_word_is_an_answer() -> None:
    channels, call = figures(
        [final("self", 0.0, 5.0, "is that enough for you"), final("other", 5.4, 6.0, "yes")]
    )
    assert (channels["other"].turns, channels["other"].backchannels) == (1, 0)
    assert channels["other"].patience == pytest.approx(0.4)
    assert call.interactivity == 10.0


class Counting:
    """A tracker that counts its steps."""

    steps = 0

    def copy(self) -> Counting:
        return Counting()

    def add(self, utterance: Utterance) -> None:
        Counting.steps += 1


def test_an_utterance_costs_two_steps_in_order_and_a_bounded_number_when_late() -> None:
    Counting.steps = 0
    timeline = Timeline(Counting())
    for n in range(10_000):
        timeline.add(Utterance(n, n, "self"))
    assert Counting.steps <= 20_000
    for n in range(100):
        before = Counting.steps
        timeline.add(Utterance(9_990, n, "other"))
        assert Counting.steps - before <= OPEN_UTTERANCES + 1


def test_memory_stays_bounded_in_a_call_of_eight_hours() -> None:
    def size(metrics: ConversationMetrics) -> int:
        course = metrics._timeline.now
        return (
            len(metrics._timeline._open)
            + sum(len(tally.mood._minutes) for tally in metrics._tallies.values())
            + sum(len(tally.recent) for tally in metrics._tallies.values())
            + sum(len(times) for times in course.turns._answers.values())
            + sum(len(times) for times in course.turns._begun_into.values())
            + len(course.turns._last)
            + len(course.turns._spent)
        )

    metrics = ConversationMetrics(["self", "other"])
    sizes = []
    for n in range(10_000):
        text = ("that is great", "why is it so", "mhm")[n % 3]
        metrics.update(final(("self", "other")[n % 2], 2.88 * n, 2.88 * n + 4, text))
        sizes.append(size(metrics))
    assert max(sizes) == max(sizes[:1000])
