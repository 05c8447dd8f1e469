"""What ``voicestand.dsp`` promises, with NumPy as the judge."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from voicestand import dsp

Samples = NDArray[np.float32]

audio = arrays(
    np.float32,
    st.integers(0, 700),
    elements=st.floats(-1.5, 1.5, width=32),
    fill=st.floats(-1.5, 1.5, width=32),
)
anything = arrays(np.float32, st.integers(0, 200), elements=st.floats(width=32))


@given(audio, st.floats(-4, 4, width=32), st.floats(-4, 4, width=32))
def test_gain_is_a_ramp_that_the_next_block_goes_on_from(
    samples: Samples, start: float, end: float
) -> None:
    ours = np.empty_like(samples)
    dsp.gain(samples, start, end, out=ours)
    n = max(len(samples), 1)
    ramp = start + np.arange(len(samples)) * (end - start) / n
    assert np.allclose(ours, samples * ramp, rtol=1e-5, atol=1e-5)
    dsp.gain(samples, start, end)
    assert np.array_equal(ours, samples)


@given(audio, st.floats(-2, 2, width=32))
def test_mixing_and_windowing_are_those_of_numpy(samples: Samples, weight: float) -> None:
    other = samples[::-1].copy()
    into = samples.copy()
    dsp.mix(into, other, weight)
    assert np.array_equal(into, samples + np.float32(weight) * other)
    dsp.multiply(into, other, out=samples)
    assert np.array_equal(samples, into * other)


@given(anything)
def test_what_is_limited_is_finite_and_within_the_ceiling(samples: Samples) -> None:
    limited = np.empty_like(samples)
    dsp.limit(samples, threshold=0.5, ceiling=0.9, out=limited)
    assert np.all(np.abs(limited) <= np.float32(0.9))
    quiet = np.abs(samples) <= 0.5
    assert np.array_equal(limited[quiet], samples[quiet])
    assert np.all(limited[np.isnan(samples)] == 0)


@given(st.integers(1, 6), st.integers(0, 200), st.integers(0, 2**32 - 1))
def test_planes_and_frames_are_each_others_transpose(channels: int, frames: int, seed: int) -> None:
    planes = np.random.default_rng(seed).random((channels, frames), np.float32)
    interleaved = dsp.interleave(planes)
    assert np.array_equal(interleaved, planes.T)
    assert np.array_equal(dsp.deinterleave(interleaved), planes)


@given(arrays(np.int16, st.integers(0, 300)), arrays(np.int32, st.integers(0, 300)))
def test_integers_become_floats_and_come_back(
    short: NDArray[np.int16], long: NDArray[np.int32]
) -> None:
    assert np.array_equal(dsp.from_int16(short), short / np.float32(32768))
    assert np.array_equal(dsp.to_int16(dsp.from_int16(short)), short)
    assert np.array_equal(dsp.from_int32(long), long.astype(np.float32) / np.float32(2**31))
    packed = long.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].reshape(-1).copy()
    assert np.array_equal(dsp.from_int24(packed), ((long << 8) >> 8) / np.float32(2**23))
    assert np.array_equal(dsp.to_int24(dsp.from_int24(packed)), packed)


@given(anything)
def test_the_way_to_integers_saturates_and_knows_no_nan(samples: Samples) -> None:
    with np.errstate(over="ignore"):
        scaled = samples.astype(np.float64)
    ideal = np.clip(np.nan_to_num(scaled, nan=0.0, posinf=2.0, neginf=-2.0), -1, 1)
    assert np.all(
        np.abs(dsp.to_int16(samples) - np.clip(ideal * 2**15, -(2**15), 2**15 - 1)) <= 0.5
    )
    exact = np.clip(ideal * 2**31, -(2**31), 2**31 - 1)
    assert np.all(np.abs(dsp.to_int32(samples) - exact) <= 0.5)
    noisy = dsp.to_int16(samples, dither=dsp.Dither(3))
    assert np.all(np.abs(noisy - np.clip(ideal * 2**15, -(2**15), 2**15 - 1)) <= 1.5)
    assert np.array_equal(noisy, dsp.to_int16(samples, dither=dsp.Dither(3)))


def test_dither_makes_what_is_below_one_bit_audible_in_the_mean() -> None:
    quiet = np.full(200_000, 0.3 / 32768, np.float32)
    assert not dsp.to_int16(quiet).any()
    assert abs(dsp.to_int16(quiet, dither=dsp.Dither(1)).mean() - 0.3) < 0.01


@given(audio)
def test_levels_are_those_of_numpy(samples: Samples) -> None:
    wide = samples.astype(np.float64)
    assert dsp.peak(samples) == np.max(np.abs(samples), initial=0)
    count = max(len(samples), 1)
    assert dsp.rms(samples) == pytest.approx(np.sqrt(np.sum(wide**2) / count), rel=1e-9)
    assert dsp.dc(samples) == pytest.approx(np.sum(wide) / count, abs=1e-12)
    assert dsp.clip_count(samples, 1.0) == np.count_nonzero(np.abs(samples) >= 1)


@given(audio, st.integers(1, 80))
def test_dot_and_fir_are_those_of_numpy(samples: Samples, taps: int) -> None:
    other = np.cos(np.arange(len(samples), dtype=np.float32))
    exact = float(np.dot(samples.astype(np.float64), other.astype(np.float64)))
    assert dsp.dot(samples, other) == pytest.approx(exact, abs=2e-4)
    response = np.sin(np.arange(taps, dtype=np.float32))
    if taps <= len(samples):
        wanted = np.convolve(samples.astype(np.float64), response, "valid")
        assert np.allclose(dsp.fir(samples, response), wanted, atol=1e-4)


@settings(max_examples=20)
@given(audio, st.integers(1, 4), st.sampled_from([8000, 48000, 192000]))
def test_a_high_pass_is_its_difference_equation(samples: Samples, half: int, rate: int) -> None:
    ours = samples.copy()
    cascade = dsp.Biquads.high_pass(80.0, rate, order=2 * half)
    dsp_split = len(samples) // 3
    cascade.process(ours[:dsp_split])
    cascade.process(ours[dsp_split:])
    wanted = samples.astype(np.float64)
    for pair in range(half):
        omega = 2 * np.pi * 80.0 / rate
        alpha = np.sin(omega) * np.sin((2 * pair + 1) * np.pi / (4 * half))
        b0 = (1 + np.cos(omega)) / 2 / (1 + alpha)
        a1, a2 = -2 * np.cos(omega) / (1 + alpha), (1 - alpha) / (1 + alpha)
        x1 = x2 = y1 = y2 = 0.0
        for i, x in enumerate(wanted):
            y = b0 * (x - 2 * x1 + x2) - a1 * y1 - a2 * y2
            x1, x2, y1, y2 = x, x1, y, y1
            wanted[i] = y
    assert np.allclose(ours, wanted, atol=1e-6)


@pytest.mark.parametrize("length", [1, 2, 31, 400])
def test_windows_are_those_of_numpy(length: int) -> None:
    assert np.allclose(dsp.hann(length), np.hanning(length), atol=1e-6)
    assert np.allclose(dsp.hamming(length), np.hamming(length), atol=1e-6)
    assert np.allclose(dsp.kaiser(length, 8.6), np.kaiser(length, 8.6), atol=1e-6)
    if length > 1:
        assert np.allclose(dsp.hann(length, periodic=True), np.hanning(length + 1)[:-1], atol=1e-6)


def reference_log_mel(samples: Samples) -> NDArray[np.float64]:
    """Whisper's features, written down in NumPy."""
    frames = len(samples) // 160
    padded = np.pad(samples.astype(np.float64), 200, mode="reflect")
    windows = np.stack([padded[n * 160 : n * 160 + 400] for n in range(frames)])
    power = np.abs(np.fft.rfft(windows * np.hanning(401)[:-1])) ** 2

    def hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))

    top = 15 + np.log(8) * 27 / np.log(6.4)
    corners = hertz(np.linspace(0, top, 82))
    bins = np.arange(201) * 40.0
    bands = np.zeros((80, 201))
    for band in range(80):
        low, middle, high = corners[band : band + 3]
        slope = np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle))
        bands[band] = np.maximum(slope, 0) * 2 / (high - low)
    logs = np.log10(np.maximum(bands @ power.T, 1e-10))
    wanted: NDArray[np.float64] = (np.maximum(logs, logs.max() - 8) + 4) / 4
    return wanted


@pytest.mark.parametrize("length", [320, 1_000, 16_000])
def test_log_mel_features_are_those_of_whisper(length: int) -> None:
    rng = np.random.default_rng(length)
    samples = (0.3 * rng.standard_normal(length)).astype(np.float32)
    samples += np.sin(np.arange(length) * 0.2).astype(np.float32)
    features = dsp.LogMel().process(samples)
    assert features.shape == (80, length // 160)
    assert np.allclose(features, reference_log_mel(samples), atol=1e-4)


def test_no_speech_has_no_features() -> None:
    assert dsp.LogMel().process(np.zeros(100, np.float32)).shape == (80, 0)
    assert np.all(dsp.LogMel().process(np.zeros(480, np.float32)) == -1.5)


def of(kind: str) -> Samples:
    return np.zeros(8, kind)


MISUSES: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: dsp.gain(of("f8"), 1.0), TypeError, "float32 is wanted, not float64"),
    (lambda: dsp.gain([1.0], 1.0), TypeError, "NumPy array"),  # type: ignore[arg-type]
    (lambda: dsp.gain(of(">f4"), 1.0), TypeError, "float32"),
    (lambda: dsp.gain(of("f4"), float("nan")), ValueError, "finite"),
    (lambda: dsp.peak(of("f4")[::2]), ValueError, "C-contiguous"),
    (lambda: dsp.mix(of("f4"), of("f4")[:4]), ValueError, "shape"),
    (lambda: dsp.limit(of("f4"), threshold=1.0, ceiling=0.5), ValueError, "threshold"),
    (lambda: dsp.fir(of("f4")[:2], of("f4")), ValueError, "taps"),
    (lambda: dsp.interleave(of("f4")), ValueError, "two dimensions"),
    (lambda: dsp.from_int24(np.zeros(4, np.uint8)), ValueError, "three bytes"),
    (lambda: dsp.Biquads([(1.0, 0.0, 0.0, 0.0, 1.5)]), ValueError, "stable"),
    (lambda: dsp.Biquads.high_pass(80.0, 100), ValueError, "corner_hz"),
    (lambda: dsp.kaiser(8, -1.0), ValueError, "beta"),
    (lambda: dsp.to_int16(of("f4"), of("f4")), TypeError, "int16"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "error", "text"), MISUSES)
def test_misuse_is_answered_in_one_line(
    call: Callable[[], object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text) as raised:
        call()
    assert "\n" not in str(raised.value)


def test_what_is_read_only_or_shared_is_not_written_to() -> None:
    samples = np.zeros(64, np.float32)
    frozen = samples.copy()
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        dsp.gain(frozen, 2.0)
    with pytest.raises(ValueError, match="shares memory"):
        dsp.mix(samples[:32], samples[16:48])
    with pytest.raises(ValueError, match="shares memory"):
        dsp.gain(samples[:32], 2.0, out=samples[1:33])
    with pytest.raises(ValueError, match="shares memory"):
        dsp.multiply(samples, samples)
    with pytest.raises(ValueError, match="shares memory"):
        dsp.fir(samples[:32], samples[32:40], samples[33:58])
    unaligned = np.zeros(65, np.uint8)[1:].view(np.float32)
    with pytest.raises(ValueError, match="aligned"):
        dsp.peak(unaligned)


def test_two_threads_on_one_filter_are_told_apart() -> None:
    cascade = dsp.Biquads.high_pass(80.0, 48_000)
    samples = [np.ones(4_000_000, np.float32) for _ in range(2)]
    errors: list[BaseException] = []

    def work(block: Samples) -> None:
        try:
            cascade.process(block)
        except RuntimeError as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(block,)) for block in samples]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) <= 1
    assert all("borrowed" in str(error) for error in errors)


def run_with(value: str) -> subprocess.CompletedProcess[str]:
    code = "from voicestand import dsp; print(dsp.instruction_set())"
    environment = {**os.environ, "VOICESTAND_SIMD": value}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )


def test_the_environment_forces_an_instruction_set() -> None:
    assert run_with("scalar").stdout == "scalar\n"
    assert run_with("").stdout.strip() == dsp.instruction_set()
    refused = run_with("mmx")
    assert refused.returncode == 1
    assert refused.stderr.endswith(
        "ValueError: VOICESTAND_SIMD=mmx: scalar, avx2 or avx512 is wanted\n"
    )
