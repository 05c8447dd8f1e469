"""What the endpointer promises about any stream of probabilities."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestand.config import VadSettings
from voicestand.errors import InputError
from voicestand.vad.endpointer import Endpoint, Endpointer, Onset
from voicestand.vad.tracker import Span
from voicestand.vad.windows import HOP, SAMPLE_RATE, samples, windows

Decision = Onset | Endpoint


def decide(
    probabilities: Iterable[float], settings: VadSettings, length: int | None = None
) -> list[Decision]:
    endpointer = Endpointer(settings)
    decisions = [decision for p in probabilities for decision in endpointer.feed(p)]
    return decisions + endpointer.finish(length)


def endpoints(probabilities: Iterable[float], settings: VadSettings) -> list[Endpoint]:
    return [d for d in decide(probabilities, settings) if isinstance(d, Endpoint)]


@st.composite
def any_settings(draw: st.DrawFn) -> VadSettings:
    onset = draw(st.floats(0.05, 0.95))
    pre_roll = draw(st.floats(0, 2))
    min_speech = draw(st.floats(0, 0.5))
    return VadSettings(
        onset=onset,
        release=draw(st.floats(0.05, onset)),
        min_speech=min_speech,
        min_silence=draw(st.floats(0.05, 2)),
        pre_roll=pre_roll,
        post_roll=draw(st.floats(0, 1)),
        max_utterance=draw(st.floats(pre_roll + 2 * min_speech + 1.001, 6)),
    )


# Runs of one probability each, so that long speech and long silence do come up.
any_probabilities = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.1, 0.3, 0.45, 0.6, 0.9, 1.0]) | st.floats(0, 1), st.integers(1, 60)
    ),
    max_size=25,
).map(lambda runs: [p for p, count in runs for _ in range(count)])

any_stream = given(probabilities=any_probabilities, settings=any_settings())


@any_stream
def test_every_onset_has_exactly_one_endpoint(
    probabilities: list[float], settings: VadSettings
) -> None:
    decisions = decide(probabilities, settings)
    assert [type(d) for d in decisions] == [Onset, Endpoint] * (len(decisions) // 2)
    for onset, endpoint in zip(decisions[::2], decisions[1::2], strict=True):
        assert isinstance(endpoint, Endpoint)
        assert (onset.start, onset.audio_start) == (endpoint.start, endpoint.audio_start)


@any_stream
def test_utterances_are_ordered_disjoint_and_inside_the_audio(
    probabilities: list[float], settings: VadSettings
) -> None:
    before = 0
    for one in endpoints(probabilities, settings):
        assert before <= one.audio_start <= one.start < one.end <= one.audio_end
        before = one.audio_end
    assert before <= len(probabilities) * HOP


@any_stream
def test_segments_are_ordered_disjoint_and_inside_the_audio_of_their_utterance(
    probabilities: list[float], settings: VadSettings
) -> None:
    for one in endpoints(probabilities, settings):
        before = one.audio_start
        for segment in one.segments:
            assert before <= segment.start < segment.end <= one.audio_end
            before = segment.end


@any_stream
def test_no_decision_speaks_of_audio_that_was_not_heard_yet(
    probabilities: list[float], settings: VadSettings
) -> None:
    endpointer = Endpointer(settings)
    for heard, probability in enumerate(probabilities, start=1):
        for decision in endpointer.feed(probability):
            last = decision.audio_end if isinstance(decision, Endpoint) else decision.start
            assert last <= heard * HOP


@any_stream
def test_what_is_assured_of_an_utterance_is_never_taken_back(
    probabilities: list[float], settings: VadSettings
) -> None:
    endpointer = Endpointer(settings)
    assured: int | None = None
    for probability in probabilities:
        for decision in endpointer.feed(probability):
            if isinstance(decision, Endpoint):
                assert assured is None or assured <= decision.audio_end
                assured = None
        now = endpointer.assured
        assert now is None or assured is None or assured <= now
        assured = now
    for decision in endpointer.finish():
        if isinstance(decision, Endpoint):
            assert assured is None or assured <= decision.audio_end


@any_stream
def test_no_utterance_is_longer_than_the_longest(
    probabilities: list[float], settings: VadSettings
) -> None:
    for one in endpoints(probabilities, settings):
        assert one.audio_end - one.audio_start <= samples(settings.max_utterance)


@any_stream
def test_a_cut_neither_doubles_nor_loses_a_sample(
    probabilities: list[float], settings: VadSettings
) -> None:
    found = endpoints(probabilities, settings)
    for one, following in itertools.pairwise(found):
        if one.reason == "longest":
            assert following.audio_start == one.audio_end
    assert not found or found[-1].reason != "longest"


@any_stream
def test_pre_roll_and_post_roll_are_never_exceeded(
    probabilities: list[float], settings: VadSettings
) -> None:
    after_a_cut = False
    for one in endpoints(probabilities, settings):
        if not after_a_cut:
            assert one.start - one.audio_start <= samples(settings.pre_roll)
        after_a_cut = one.reason == "longest"
        if not after_a_cut:
            assert one.audio_end - one.end <= samples(settings.post_roll)


@any_stream
def test_every_window_of_sure_speech_is_heard(
    probabilities: list[float], settings: VadSettings
) -> None:
    """A run at probability 1 that lasts min_speech is within the audio of utterances."""
    needed = windows(settings.min_speech)
    found = endpoints(probabilities, settings)
    run = 0
    for k, probability in enumerate([*probabilities, 0.0]):
        if probability == 1.0:
            run += 1
            continue
        if run >= needed:
            # The model's lateness: the speech is up to one and a half windows before.
            first, last = (k - run) * HOP, k * HOP - 3 * HOP // 2
            assert covered(found, first, last), (first, last, found)
        run = 0


def covered(found: list[Endpoint], first: int, last: int) -> bool:
    for one in found:
        if one.audio_start <= first < one.audio_end:
            first = one.audio_end
    return first >= last


@any_stream
def test_nothing_is_said_below_the_onset_threshold(
    probabilities: list[float], settings: VadSettings
) -> None:
    quiet = [min(p, settings.onset - 0.001) for p in probabilities]
    assert decide(quiet, settings) == []


@any_stream
def test_memory_is_constant(probabilities: list[float], settings: VadSettings) -> None:
    endpointer = Endpointer(settings)
    for probability in probabilities * 3:
        endpointer.feed(probability)
        assert len(endpointer._candidate) <= 2 * windows(settings.min_speech)
        if endpointer._utterance is not None:
            tail = endpointer._utterance.tail
            assert len(tail) * HOP <= samples(settings.max_utterance) // 4


@given(probabilities=any_probabilities, settings=any_settings(), missing=st.integers(0, HOP - 1))
def test_a_filled_up_last_window_does_not_lengthen_the_audio(
    probabilities: list[float], settings: VadSettings, missing: int
) -> None:
    length = max(0, len(probabilities) * HOP - missing)
    decisions = decide(probabilities, settings, length)
    if decisions and isinstance(decisions[-1], Endpoint) and decisions[-1].reason == "end":
        assert decisions[-1].start < decisions[-1].end <= decisions[-1].audio_end <= length


def test_finish_is_final() -> None:
    endpointer = Endpointer(VadSettings())
    for _ in range(10):
        endpointer.feed(0.9)
    assert [d.reason for d in endpointer.finish() if isinstance(d, Endpoint)] == ["end"]
    assert endpointer.finish() == []


def test_speech_in_silence_has_its_pre_roll_and_post_roll() -> None:
    [one] = endpoints([0.0] * 50 + [0.9] * 50 + [0.0] * 50, VadSettings())
    lateness = 3 * HOP // 2
    assert one == Endpoint(
        start=50 * HOP - lateness,
        end=100 * HOP - lateness,
        audio_start=50 * HOP - lateness - samples(0.3),
        audio_end=100 * HOP - lateness + samples(0.2),
        reason="silence",
        segments=one.segments,
    )
    # Between the middles of two windows, where the probability crosses the threshold.
    share = round((0.5 / 0.9 - 0.5) * HOP)
    assert one.segments == (Span(one.start + share, one.end - share),)


def test_the_onset_is_told_as_soon_as_min_speech_is_heard() -> None:
    endpointer = Endpointer(VadSettings(min_speech=0.1))
    told = [bool(endpointer.feed(p)) for p in [0.0] * 5 + [0.9] * 6]
    assert told.index(True) == 5 + windows(0.1) - 1


def test_the_endpoint_is_told_min_silence_after_the_end_of_speech() -> None:
    endpointer = Endpointer(VadSettings(min_silence=0.5))
    for k, p in enumerate([0.9] * 40 + [0.0] * 40, start=1):
        for decision in endpointer.feed(p):
            if isinstance(decision, Endpoint):
                waited = k * HOP - decision.end
                assert samples(0.5) <= waited < samples(0.5) + HOP
                return
    pytest.fail("no endpoint")


def test_a_click_is_no_speech() -> None:
    assert decide([0.0] * 20 + [0.9] * 2 + [0.0] * 50, VadSettings(min_speech=0.1)) == []


def test_a_click_before_speech_does_not_delay_its_onset() -> None:
    settings = VadSettings(min_speech=0.128)
    with_click = decide([0.0] * 20 + [0.9] + [0.0] * 6 + [0.9] * 30 + [0.0] * 30, settings)
    without = decide([0.0] * 27 + [0.9] * 30 + [0.0] * 30, settings)
    assert with_click == without


def test_weak_speech_that_flickers_is_heard() -> None:
    flicker = [0.7, 0.4, 0.2] * 20
    assert len(endpoints([0.0] * 10 + flicker + [0.0] * 30, VadSettings())) == 1


def test_a_pause_shorter_than_min_silence_does_not_end_an_utterance() -> None:
    pause = [0.0] * (windows(0.5) - 3)
    assert len(endpoints([0.9] * 20 + pause + [0.9] * 20 + [0.0] * 40, VadSettings())) == 1


def test_long_speech_is_cut_at_its_weakest_window() -> None:
    speech = [0.9] * 1000
    weakest = windows(20.0) - 60
    speech[weakest] = 0.6
    first, second = endpoints(speech, VadSettings(max_utterance=20.0))[:2]
    assert first.reason == "longest"
    # The middle of that window, one and a half windows earlier for the model's lateness.
    assert first.audio_end == first.end == second.start == (weakest - 1) * HOP


def test_a_cut_divides_the_segment_that_goes_on() -> None:
    found = endpoints([0.9] * 1000, VadSettings(max_utterance=5.0))
    assert len(found) > 5
    for one in found:
        assert one.segments == (Span(one.audio_start, one.audio_end),)


def test_a_short_pause_parts_segments_but_not_the_utterance() -> None:
    speech = [0.0] * 10 + [1.0] * 20 + [0.0] * 8 + [1.0] * 20 + [0.0] * 30
    [one] = endpoints(speech, VadSettings())
    first, second = one.segments
    assert second.start - first.end == 8 * HOP


def test_a_cut_in_a_pause_reports_where_speech_ended_and_began_again() -> None:
    speech = [0.9] * 1000
    pause = range(windows(20.0) - 60, windows(20.0) - 50)
    for k in pause:
        speech[k] = 0.1
    first, second = endpoints(speech, VadSettings(max_utterance=20.0))[:2]
    assert first.end == pause.start * HOP - 3 * HOP // 2
    assert second.start == pause.stop * HOP - 3 * HOP // 2
    assert first.end < first.audio_end == second.audio_start < second.start


def cuts(levels: Sequence[float], settings: VadSettings) -> list[int]:
    """Where speech of which the model is always sure is cut, by the levels (dB) of its windows."""
    endpointer = Endpointer(settings)
    decisions = [d for level in levels for d in endpointer.feed(0.9, power=10 ** (level / 10))]
    return [d.audio_end for d in decisions if isinstance(d, Endpoint)]


def test_speech_of_which_the_model_is_sure_is_cut_where_it_is_quiet() -> None:
    levels = [-20.0] * 1000
    gap = windows(20.0) - 80
    levels[gap : gap + 4] = [-50.0] * 4
    first = cuts(levels, VadSettings(max_utterance=20.0))[0]
    assert gap * HOP < first < (gap + 4) * HOP


def test_a_short_dip_within_a_word_is_not_preferred_to_a_longer_one_between_words() -> None:
    levels = [-20.0] * 1000
    closure, gap = windows(20.0) - 40, windows(20.0) - 100
    levels[closure : closure + 2] = [-70.0] * 2
    levels[gap : gap + 6] = [-45.0] * 6
    first = cuts(levels, VadSettings(max_utterance=20.0))[0]
    assert gap * HOP < first < (gap + 6) * HOP


@given(levels=st.lists(st.floats(-90, 0), min_size=400, max_size=400), longest=st.floats(2.0, 8.0))
def test_a_cut_lies_in_the_last_quarter(levels: list[float], longest: float) -> None:
    settings = VadSettings(max_utterance=longest)
    before = 0
    for cut in cuts(levels, settings):
        assert 0.75 * samples(longest) - 4 * HOP <= cut - before <= samples(longest)
        before = cut


@pytest.mark.parametrize("end", range(55, 70))
def test_silence_at_the_very_limit_does_not_lengthen_an_utterance(end: int) -> None:
    settings = VadSettings(min_silence=0.05, pre_roll=0.0, post_roll=1.0, max_utterance=2.0)
    for one in endpoints([0.9] * end + [0.0] * 50, settings):
        assert one.audio_end - one.audio_start <= samples(2.0)


def test_speech_up_to_the_end_of_the_audio_is_kept_to_its_last_sample() -> None:
    [one] = endpoints([0.0] * 20 + [0.9] * 20, VadSettings())
    assert (one.end, one.audio_end, one.reason) == (40 * HOP, 40 * HOP, "end")


def test_a_word_right_after_an_utterance_has_a_length() -> None:
    settings = VadSettings(min_speech=0.0, min_silence=0.05, pre_roll=0.0, post_roll=1.0)
    first, second = endpoints([0.9] * 10 + [0.0] + [0.9] + [0.0] * 9, settings)
    assert first.audio_end <= second.start < second.end <= second.audio_end


def test_speech_for_an_hour_is_cut_into_abutting_pieces() -> None:
    settings = VadSettings(max_utterance=20.0)
    hour = 3600 * SAMPLE_RATE // HOP
    found = endpoints((0.8 + 0.1 * (k % 7) / 7 for k in range(hour)), settings)
    assert found[0].audio_start == 0
    assert found[-1].audio_end == hour * HOP
    assert all(a.audio_end == b.audio_start for a, b in itertools.pairwise(found))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (VadSettings(onset=0.4, release=0.6), "release"),
        (VadSettings(onset=1.5), "onset"),
        (VadSettings(min_silence=-1.0), "min_silence"),
        (VadSettings(min_silence=float("nan")), "min_silence"),
        (VadSettings(max_utterance=1.2), "max_utterance"),
    ],
)
def test_settings_that_cannot_work_are_named(settings: VadSettings, named: str) -> None:
    with pytest.raises(InputError, match=named):
        Endpointer(settings)
