"""``voicestand.dsp.Resampler`` and ``resample``, as Python sees them."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import voicestand as vs
from voicestand.dsp import Resampler, resample

RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 47_999, 48_000, 96_000]


def tone(frequency: float, rate: int, samples: int) -> NDArray[np.float32]:
    return np.sin(2 * np.pi * frequency * np.arange(samples) / rate).astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_keeps_its_place(rate: int) -> None:
    found = vs.dsp.resample(tone(1_000, rate, rate), rate)
    assert found.dtype == np.float32
    assert len(found) == 16_000
    error = (found - tone(1_000, 16_000, 16_000))[2_000:-2_000]
    assert np.abs(error).max() < 10 ** (-90 / 20)


@settings(max_examples=50, deadline=None)
@given(
    rate=st.sampled_from(RATES),
    samples=st.integers(0, 5_000),
    cuts=st.lists(st.integers(0, 5_000), max_size=8),
)
def test_blocks_of_any_size_give_what_one_block_gives(
    rate: int, samples: int, cuts: list[int]
) -> None:
    audio = np.random.default_rng(samples).normal(0, 0.1, samples).astype(np.float32)
    resampler = Resampler(rate)
    parts = [resampler.process(part) for part in np.split(audio, sorted(cuts))]
    found = np.concatenate([*parts, resampler.finish()])
    assert len(found) == math.ceil(samples * 16_000 / rate)
    np.testing.assert_array_equal(found, resample(audio, rate))


def test_channels_are_resampled_each_for_itself() -> None:
    stereo = np.stack([tone(500, 48_000, 9_600), tone(900, 48_000, 9_600)], axis=1)
    found = resample(stereo, 48_000, 24_000)
    assert found.shape == (4_800, 2)
    for channel in range(2):
        np.testing.assert_array_equal(
            found[:, channel], resample(stereo[:, channel], 48_000, 24_000)
        )


def test_a_buffer_of_the_caller_is_filled_in_place() -> None:
    audio = tone(1_000, 48_000, 4_800)
    resampler, other = Resampler(48_000), Resampler(48_000)
    out = np.zeros(resampler.most_output(4_800), np.float32)
    count = resampler.process_into(audio, out)
    np.testing.assert_array_equal(out[:count], other.process(audio))
    with pytest.raises(ValueError, match="make room for most_output"):
        resampler.process_into(audio, out[:100])


def test_a_trim_moves_the_position() -> None:
    resampler = Resampler(48_000, adjustable=True)
    resampler.set_trim(1e-3)
    count = len(resampler.process(tone(1_000, 48_000, 48_000)))
    assert resampler.position == pytest.approx(count * 3 * 1.001, abs=1e-6)


def test_mistakes_are_told() -> None:
    with pytest.raises(ValueError, match="cannot resample from 10 Hz"):
        Resampler(10)
    with pytest.raises(ValueError, match="make it with adjustable=True"):
        Resampler(48_000).set_trim(1e-4)
    with pytest.raises(ValueError, match=r"a trim of 0\.01"):
        Resampler(48_000, adjustable=True).set_trim(0.01)
    with pytest.raises(ValueError, match="a trim of NaN"):
        Resampler(48_000, adjustable=True).set_trim(math.nan)
    with pytest.raises(TypeError):
        Resampler(48_000).process(np.zeros(10))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="C-contiguous"):
        Resampler(48_000).process(np.zeros(10, np.float32)[::2])
    with pytest.raises(TypeError, match="one dimension"):
        Resampler(48_000).process(np.zeros((10, 1), np.float32))
    with pytest.raises(ValueError, match="3 dimensions"):
        resample(np.zeros((2, 2, 2)), 48_000)
    resampler = Resampler(48_000)
    resampler.finish()
    with pytest.raises(ValueError, match="reset it"):
        resampler.process(np.zeros(10, np.float32))
    resampler.reset()
    assert len(resampler.process(np.zeros(4_800, np.float32))) > 0


def test_two_threads_on_one_resampler_get_an_error_or_a_result() -> None:
    resampler = Resampler(48_000)
    audio = np.zeros(480_000, np.float32)
    outcomes: list[str] = []

    def work() -> None:
        for _ in range(10):
            try:
                resampler.process(audio)
                outcomes.append("done")
            except RuntimeError as error:
                outcomes.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 20
    assert "done" in outcomes
    assert all(one == "done" or "give each thread its own" in one for one in outcomes)
