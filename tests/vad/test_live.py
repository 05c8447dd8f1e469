"""What a live channel's voice activity promises: its level, its segments, its figures."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.vad.labels import f1, frames, labels
from tests.vad.speech import LABELLED, read, spoken, windows

from voicestand.config import VadSettings
from voicestand.vad.level import LEVEL, MAX_GAIN, USUAL, SpeechLevel, power
from voicestand.vad.live import LiveVad, utterances
from voicestand.vad.segments import speech_segments
from voicestand.vad.silero import SileroVad
from voicestand.vad.tracker import SegmentTracker, Span
from voicestand.vad.windows import HOP, SAMPLE_RATE

runs = st.lists(
    st.tuples(st.sampled_from([0.0, 0.2, 0.4, 0.6, 1.0]) | st.floats(0, 1), st.integers(1, 12)),
    max_size=25,
)


@given(
    runs=runs,
    missing=st.integers(0, HOP - 1),
    onset=st.floats(0.05, 0.95),
    share=st.floats(0.1, 1),
    min_speech=st.floats(0, 1),
    pace=st.integers(1, 40),
)
def test_segments_found_live_are_those_found_in_the_whole_recording(
    runs: list[tuple[float, int]],
    missing: int,
    onset: float,
    share: float,
    min_speech: float,
    pace: int,
) -> None:
    values = np.array([p for p, count in runs for _ in range(count)], np.float32)
    total = max(0, len(values) * HOP - missing)
    settings = VadSettings(onset=onset, release=max(0.01, onset * share), min_speech=min_speech)
    tracker = SegmentTracker(settings)
    live: list[Span] = []
    for k, value in enumerate(values.tolist()):
        tracker.feed(value)
        if k % pace == 0:
            live += tracker.complete()
    tracker.finish(total)
    live += tracker.complete()
    whole = speech_segments(values, settings, total)
    np.testing.assert_allclose(
        [(one.start, one.end) for one in live],
        [(one.start_s * SAMPLE_RATE, one.end_s * SAMPLE_RATE) for one in whole],
        atol=1,
    )


@pytest.fixture(scope="module")
def vad() -> SileroVad:
    return SileroVad("CPU")


def decibels(gain: float | np.floating) -> float:
    return float(20 * np.log10(gain))


def test_a_channel_of_which_nothing_is_known_is_heard_as_if_usual() -> None:
    assert decibels(SpeechLevel().gain) == pytest.approx(LEVEL - USUAL)


@pytest.mark.parametrize("rms", [0.001, 0.02, 0.5])
def test_the_gain_follows_the_level_of_speech(rms: float) -> None:
    level = SpeechLevel()
    window = np.full(HOP, rms, np.float32)
    for _ in range(1000):
        level.hear(power(window), 1.0)
    expected = min(LEVEL, decibels(rms) + MAX_GAIN)
    assert decibels(level.gain * rms) == pytest.approx(expected, abs=1)


def test_silence_and_noise_do_not_move_the_gain() -> None:
    level = SpeechLevel()
    before = level.gain
    for rms in np.geomspace(1e-6, 1.0, 500):
        level.hear(power(np.full(HOP, rms, np.float32)), 0.49)
    assert level.gain == before


def test_what_is_no_audio_does_not_spoil_the_gain() -> None:
    level = SpeechLevel()
    for bad in (3e38, np.inf, np.nan):
        level.hear(power(np.full(HOP, bad, np.float32)), 0.0 if np.isnan(bad) else 1.0)
    assert np.isfinite(level.gain)


@pytest.mark.parametrize("rms", [0.004, 0.02, 0.2])
def test_the_model_hears_the_speech_of_any_channel_at_one_level(rms: float) -> None:
    heard = []

    def model(window: NDArray[np.float32]) -> float:
        heard.append(float(np.abs(window).max()))
        return 1.0

    live = LiveVad(model, VadSettings())
    for _ in range(800):
        live.hear(np.full(HOP, rms, np.float32))
    assert decibels(heard[-1]) == pytest.approx(LEVEL, abs=1)


@pytest.mark.parametrize("gain", [0.03, 0.3, 3.0])
def test_utterances_do_not_depend_on_the_level_of_the_channel(vad: SileroVad, gain: float) -> None:
    twice = np.tile(spoken(), 3)
    usual = [one for one, _ in utterances(vad, twice, VadSettings())]
    other = [one for one, _ in utterances(vad, twice * np.float32(gain), VadSettings())]
    assert len(usual) == len(other)
    for one, same in zip(usual[1:], other[1:], strict=True):
        assert abs(one.start - same.start) <= HOP
        assert abs(one.end - same.end) <= 2 * HOP


def test_a_channel_hears_nothing_of_another(vad: SileroVad) -> None:
    alone = [one for one, _ in utterances(vad, spoken(), VadSettings())]
    one, other = LiveVad(vad.stream(), VadSettings()), LiveVad(vad.stream(), VadSettings())
    together = []
    for window in windows(spoken()):
        other.hear(window[::-1].copy())
        together += one.hear(window)
    together += one.finish(len(spoken()))
    assert together[1::2] == alone


def test_live_segments_agree_with_labels_made_by_hand(vad: SileroVad) -> None:
    """Frame F1 of 10 ms over all labelled recordings, where they are at hand."""
    pairs = []
    for path in LABELLED:
        said = labels(path)
        found = [
            (segment.start / SAMPLE_RATE, segment.end / SAMPLE_RATE)
            for one, _ in utterances(vad, read(path), VadSettings())
            for segment in one.segments
        ]
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(found))
        pairs.append((said, frames(found, len(said))))
    assert not LABELLED or f1(pairs) >= 0.94
