from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.coach.spoken_finals import final

from voicestand.coach import ConversationMetrics
from voicestand.coach.monologues import LONGEST_PAUSE, Monologues
from voicestand.coach.timeline import OPEN_UTTERANCES, Utterance
from voicestand.events import ChannelMetrics, TranscriptFinal

CHANNELS = ["self", "other"]
Timeline = list[TranscriptFinal]


def measured(finals: Timeline) -> dict[str, ChannelMetrics]:
    metrics = ConversationMetrics(CHANNELS)
    for one in finals:
        metrics.update(one)
    return metrics.snapshot()


@st.composite
def conversations(draw: st.DrawFn, most: int = 20) -> Timeline:
    """Utterances that do not overlap within a channel, in the order of their ends."""
    finals = []
    for channel in CHANNELS:
        now = draw(st.integers(0, 3000))
        for number in range(draw(st.integers(0, most // 2))):
            start = now + draw(st.sampled_from([0, 200, 600, 2900, 3000, 3100, 9000]))
            now = start + draw(st.integers(0, 20_000))
            text = draw(st.sampled_from(["", "um yes", "do you see it", "it is so", "you know"]))
            finals.append(final(channel, start / 1000, now / 1000, text, f"{channel}{number}"))
    return sorted(finals, key=lambda one: (one.end, one.channel))


def longest_by_definition(finals: Timeline, channel: str) -> float:
    """The convention of docs/coaching.md, word for word, over the whole time line at once."""
    spoken = sorted((f for f in finals if f.text), key=lambda f: (f.start, f.end, f.channel))
    mine = [f for f in spoken if f.channel == channel]
    longest = 0.0
    for n, first in enumerate(mine):
        last = first.end
        longest = max(longest, last - first.start)
        for following in mine[n + 1 :]:
            before = spoken[: spoken.index(following)]
            answered = any(f.channel != channel and f.end > last for f in before)
            pause = round((following.start - last) * 1e6)
            if pause > LONGEST_PAUSE or (pause > 0 and answered):
                break
            last = max(last, following.end)
            longest = max(longest, last - first.start)
    return longest


def test_a_call_made_by_hand_is_measured_exactly() -> None:
    shown = measured(
        [
            final("self", 0.0, 2.0, "hello how are you today"),
            final("other", 2.5, 3.5, "um fine thanks"),
            final("self", 4.0, 8.0, "we make notes during your calls and you know it works"),
            final("self", 9.0, 10.0, "does it help you"),
            final("other", 10.5, 11.5, ""),
            final("other", 12.0, 16.0, "yes it does but what would it cost us"),
        ]
    )
    assert shown["self"] == ChannelMetrics(
        talk_seconds=7.0,
        talk_ratio=7 / 12,
        words=5 + 11 + 4,
        words_per_minute=20 * 60 / 7,
        longest_monologue=6.0,
        questions=2,
        fillers=1,
        turns=2,
        patience=0.5,
    )
    assert shown["other"] == ChannelMetrics(
        talk_seconds=5.0,
        talk_ratio=5 / 12,
        words=3 + 9,
        words_per_minute=12 * 60 / 5,
        longest_monologue=4.0,
        questions=1,
        fillers=1,
        open_questions=1,
        turns=2,
        patience=1.25,
        sentiment=8 / 24,
    )


def test_nobody_has_spoken_yet() -> None:
    silent = ChannelMetrics(
        talk_seconds=0.0,
        talk_ratio=0.0,
        words=0,
        words_per_minute=0.0,
        longest_monologue=0.0,
        questions=0,
        fillers=0,
    )
    assert measured([]) == {"self": silent, "other": silent}
    assert measured([final("self", 0, 4, "  "), final("other", 5, 6, "<sil>")]) == measured([])


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (None, 21.0),
        ((5.0, 6.0), 21.0),  # while the speaker goes on
        ((10.2, 10.8), 11.0),  # in the pause, shorter than it
        ((9.0, 12.0), 11.0),  # over the whole pause
        ((30.0, 31.0), 21.0),  # afterwards
    ],
)
def test_a_monologue_ends_when_the_other_speaks_in_a_pause(
    answer: tuple[float, float] | None, seconds: float
) -> None:
    finals = [final("self", 0, 10, "one"), final("self", 11, 21, "two")]
    if answer:
        finals.append(final("other", *answer, "yes"))
    finals[1] = final("self", 11, 22 if seconds == 11 else 21, "two")
    for order in itertools.permutations(finals):
        assert measured(list(order))["self"].longest_monologue == seconds


def test_a_long_silence_ends_a_monologue() -> None:
    joined = [final("self", 0, 10, "one"), final("self", 13.0, 20, "two")]
    parted = [final("self", 0, 10, "one"), final("self", 13.001, 20, "two")]
    assert measured(joined)["self"].longest_monologue == 20.0
    assert measured(parted)["self"].longest_monologue == 10.0


def test_an_utterance_that_was_cut_for_its_length_is_one_monologue() -> None:
    cut = [final("self", 20 * n, 20 * (n + 1), "word") for n in range(4)]
    during = final("other", 19.5, 20.5, "mhm")
    assert measured([*cut[:2], during, *cut[2:]])["self"].longest_monologue == 80.0


@given(conversations())
def test_the_longest_monologue_is_what_the_definition_says(finals: Timeline) -> None:
    shown = measured(finals)
    for channel in CHANNELS:
        expected = longest_by_definition(finals, channel)
        assert math.isclose(shown[channel].longest_monologue, expected, abs_tol=1e-6)


@given(conversations(), st.randoms(use_true_random=False))
def test_no_order_of_arrival_changes_a_figure(finals: Timeline, random: object) -> None:
    shuffled = list(finals)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert len(finals) <= OPEN_UTTERANCES
    assert measured(shuffled) == measured(finals)


@given(conversations())
def test_shares_add_up_to_one_or_to_nothing(finals: Timeline) -> None:
    shown = measured(finals)
    total = sum(one.talk_ratio for one in shown.values())
    assert math.isclose(total, 1.0) or (
        total == 0 and all(one.talk_seconds == 0 for one in shown.values())
    )


@given(conversations(), st.integers(0, 20))
def test_counts_of_two_parts_add_up_to_those_of_the_whole(finals: Timeline, cut: int) -> None:
    whole, first, second = measured(finals), measured(finals[:cut]), measured(finals[cut:])
    for channel in CHANNELS:
        for count in ("words", "questions", "fillers"):
            parts = getattr(first[channel], count) + getattr(second[channel], count)
            assert getattr(whole[channel], count) == parts
        seconds = first[channel].talk_seconds + second[channel].talk_seconds
        assert math.isclose(whole[channel].talk_seconds, seconds, abs_tol=1e-6)


@given(conversations(), st.floats(0, 1e5))
def test_metrics_do_not_depend_on_when_the_call_began(finals: Timeline, shift: float) -> None:
    shift = round(shift)
    moved = [final(f.channel, f.start + shift, f.end + shift, f.text) for f in finals]
    for channel, one in measured(moved).items():
        same = measured(finals)[channel]
        assert math.isclose(one.longest_monologue, same.longest_monologue, abs_tol=1e-5)
        assert math.isclose(one.talk_ratio, same.talk_ratio, abs_tol=1e-6)
        assert one.words == same.words


def test_a_final_that_is_far_too_late_is_still_counted() -> None:
    metrics = ConversationMetrics(CHANNELS)
    for n in range(100):
        metrics.update(final("self", 10 * n, 10 * n + 2, "yes"))
    metrics.update(final("self", 5, 7, "late"))
    assert metrics.snapshot()["self"].words == 101
    assert metrics.snapshot()["self"].longest_monologue == 2.0


def test_the_floor_is_held_until_another_speaks() -> None:
    monologues = Monologues()
    monologues.add(Utterance(0, 5_000_000, "self"))
    assert monologues.held("self") == 5_000_000
    assert monologues.held("other") == 0
    monologues.add(Utterance(6_000_000, 7_000_000, "other"))
    assert monologues.held("self") == 0
    assert monologues.held("other") == 1_000_000


def test_the_current_pace_follows_the_last_half_minute() -> None:
    metrics = ConversationMetrics(CHANNELS)
    metrics.update(final("self", 0, 10, "slow " * 10))
    assert metrics.current_pace("self") == 0.0
    for n in range(1, 7):
        metrics.update(final("self", 10 * n, 10 * n + 10, "fast " * 40))
    assert metrics.current_pace("self") == 240.0
    assert metrics.current_pace("other") == 0.0
