"""What the segments of a recording promise."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.vad.labels import f1, frames, labels
from tests.vad.speech import LABELLED, read, spoken

from voicestand.config import VadSettings
from voicestand.vad.level import LEVEL, speech_gain
from voicestand.vad.segments import detect, speech_segments
from voicestand.vad.silero import SileroVad
from voicestand.vad.windows import PAUSE

probabilities = st.lists(
    st.tuples(st.sampled_from([0.0, 0.2, 0.4, 0.6, 1.0]) | st.floats(0, 1), st.integers(1, 12)),
    max_size=25,
).map(lambda runs: np.array([p for p, count in runs for _ in range(count)], np.float32))


@given(
    values=probabilities, missing=st.integers(0, 511), onset=st.floats(0.05, 0.95), data=st.data()
)
def test_segments_are_ordered_disjoint_and_inside_the_recording(
    values: NDArray[np.float32], missing: int, onset: float, data: st.DataObject
) -> None:
    total = max(0, len(values) * 512 - missing)
    settings = VadSettings(
        onset=onset,
        release=data.draw(st.floats(0.05, onset)),
        min_speech=data.draw(st.floats(0, 1)),
    )
    shifted = None
    if data.draw(st.booleans()):
        shifted = data.draw(probabilities.map(lambda p: np.resize(p, -(-(total + 256) // 512))))
    found = speech_segments(values, settings, total, shifted=shifted)
    for one in found:
        assert 0 <= one.start_s < one.end_s <= total / 16_000
        assert one.end_s - one.start_s >= settings.min_speech - 1e-9
    for one, following in itertools.pairwise(found):
        assert following.start_s - one.end_s >= PAUSE - 1e-9


def test_no_audio_has_no_segments() -> None:
    assert speech_segments(np.zeros(0, np.float32), VadSettings(), 0) == []


def test_silence_has_no_segments() -> None:
    assert speech_segments(np.zeros(100, np.float32), VadSettings(), 51_200) == []


def test_speech_all_the_time_is_one_segment_of_the_whole_recording() -> None:
    [one] = speech_segments(np.ones(100, np.float32), VadSettings(), 51_200)
    assert (one.start_s, one.end_s) == (0, 3.2)


def test_a_boundary_lies_where_the_probability_crosses_the_threshold() -> None:
    values = np.zeros(40, np.float32)
    values[10:20] = 1.0
    [one] = speech_segments(values, VadSettings(onset=0.5), 40 * 512)
    # Half way between the middles of windows 9 and 10, and the model is 768 samples late.
    assert one.start_s == pytest.approx((10 * 512 - 768) / 16_000)
    assert one.end_s == pytest.approx((20 * 512 - 768) / 16_000)


def test_a_dip_that_stays_above_release_does_not_part_a_segment() -> None:
    values = np.full(60, 0.9, np.float32)
    values[20:40] = 0.4
    assert len(speech_segments(values, VadSettings(onset=0.5, release=0.35), 30_720)) == 1
    assert len(speech_segments(values, VadSettings(onset=0.5, release=0.45), 30_720)) == 2


def test_two_passes_count_alike() -> None:
    none, sure = np.zeros(60, np.float32), np.ones(61, np.float32)
    lenient, strict = VadSettings(onset=0.45), VadSettings(onset=0.55, release=0.55)
    for one, other in ((none, sure), (sure[:60], np.zeros(61, np.float32))):
        [whole] = speech_segments(one, lenient, 60 * 512, shifted=other)
        assert whole.end_s - whole.start_s > 1.8
        found = speech_segments(one, strict, 60 * 512, shifted=other)
        assert sum(each.end_s - each.start_s for each in found) < 0.1


@pytest.fixture(scope="module")
def vad() -> SileroVad:
    return SileroVad("CPU")


def test_spoken_sentences_are_found_within_their_silence(vad: SileroVad) -> None:
    samples = spoken()
    loud = np.flatnonzero(np.abs(samples) > 0.05) / 16_000
    found, _ = detect(vad, samples, VadSettings())
    assert found[0].start_s == pytest.approx(loud[0], abs=0.1)
    assert found[-1].end_s == pytest.approx(loud[-1], abs=0.2)


@pytest.mark.parametrize("gain", [0.01, 0.1, 4.0])
def test_segments_do_not_depend_on_the_level_of_the_recording(vad: SileroVad, gain: float) -> None:
    found, _ = detect(vad, spoken(), VadSettings())
    again, _ = detect(vad, spoken() * np.float32(gain), VadSettings())
    assert len(again) == len(found)
    for one, other in zip(found, again, strict=True):
        assert (one.start_s, one.end_s) == pytest.approx((other.start_s, other.end_s), abs=0.005)


@pytest.mark.parametrize("level", [1e-4, 1e-2, 0.3])
def test_noise_at_any_level_is_no_speech(vad: SileroVad, level: float) -> None:
    noise = np.random.default_rng(0).normal(0, level, 100_000).astype(np.float32)
    assert detect(vad, noise, VadSettings())[0] == []


def test_speech_is_heard_at_its_level(vad: SileroVad) -> None:
    samples = spoken()
    windows = samples[: len(samples) // 512 * 512].reshape(-1, 512)
    certain = np.array([0.0] * 40 + [1.0] * 20 + [0.0] * (len(windows) - 60), np.float32)
    gain = speech_gain(windows.ravel(), certain)
    power = np.square(gain * windows[40:60]).mean()
    assert 10 * np.log10(power) == pytest.approx(LEVEL, abs=0.01)
    assert speech_gain(np.zeros(512, np.float32), np.ones(1, np.float32)) == pytest.approx(100)


def test_segments_agree_with_labels_made_by_hand(vad: SileroVad) -> None:
    """Frame F1 of 10 ms over all labelled recordings, where they are at hand."""
    pairs = []
    for path in LABELLED:
        said = labels(path)
        found = [(one.start_s, one.end_s) for one in detect(vad, read(path), VadSettings())[0]]
        pairs.append((said, frames(found, len(said))))
    assert not LABELLED or f1(pairs) >= 0.95
