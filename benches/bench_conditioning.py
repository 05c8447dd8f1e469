"""Claim: conditioning a channel takes less than half a percent of one core.

Peer: ``soxr`` at its quality HQ, which only resamples, in chunks of 20 ms. The engine's side is its
whole way: push, high-pass, meter, resampling, two rings, its own thread and reading in windows of
32 ms. Input: a minute of noise, mono float32, 48 and 44.1 kHz. Unit: seconds of audio a second, by
the median of turns that the sides take in alternation.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from voicestand._native import Engine
from voicestand.bench.record import Bound, record

SECONDS = 60
SPEECH_RATE = 16_000
WINDOW = 512
MOST_OF_A_CORE = 0.005
TURNS = 15

Samples = NDArray[np.float32]


def noise(rate: int) -> Samples:
    rng = np.random.default_rng(1)
    return rng.normal(0, 0.1, (SECONDS * rate, 1)).astype(np.float32)


def ours(samples: Samples, rate: int) -> int:
    """Frames of speech of the whole way, read after each second of audio."""
    engine = Engine(sample_rate=rate, channels=1, roles=[[0]], block_frames=rate // 50)
    reader = engine.speech_reader(WINDOW)
    for second in range(SECONDS):
        engine.push(samples[second * rate : (second + 1) * rate])
        # The resampler keeps a few milliseconds until it knows what follows.
        while reader.delivered < (second + 0.9) * rate and reader.read() is not None:
            pass
    engine.finish()
    frames = 0
    while (window := reader.read()) is not None:
        frames = window.first_frame + window.frames
    assert reader.delivered == len(samples)
    engine.close()
    return frames


def peer(samples: Samples, rate: int) -> int:
    stream = soxr.ResampleStream(rate, SPEECH_RATE, 1, dtype="float32", quality="HQ")
    step, frames = rate // 50, 0
    for start in range(0, len(samples), step):
        chunk = samples[start : start + step]
        frames += len(stream.resample_chunk(chunk, last=start + step >= len(samples)))
    return frames


SIDES: dict[str, Callable[[Samples, int], int]] = {"voicestand": ours, "soxr HQ": peer}


@pytest.mark.parametrize("rate", [48_000, 44_100])
def test_conditioning_to_16_khz_against_soxr_alone(
    benchmark: Any, capsys: pytest.CaptureFixture[str], rate: int
) -> None:
    benchmark.group = f"conditioning, {rate} Hz"
    samples = noise(rate)
    taken: dict[str, list[float]] = {side: [] for side in SIDES}

    def one_round() -> None:
        for side, work in SIDES.items():
            began = time.perf_counter()
            frames = work(samples, rate)
            taken[side].append(time.perf_counter() - began)
            assert abs(frames - SECONDS * SPEECH_RATE) <= 1

    benchmark.pedantic(one_round, rounds=TURNS, warmup_rounds=1)
    figures = {side: [SECONDS / s for s in times[1:]] for side, times in taken.items()}
    record(
        f"conditioning-{rate}",
        f"conditioning a channel of {rate} Hz takes less than half a percent of a core",
        input=f"{SECONDS} s of mono noise through the whole engine; the peer only resamples",
        unit="× real time",
        better="higher",
        ours=figures.pop("voicestand"),
        peers=figures,
        bounds=[Bound(1 / MOST_OF_A_CORE)],
    )
    median = {side: statistics.median(times[1:]) for side, times in taken.items()}
    with capsys.disabled():
        print(f"\n{SECONDS} s of mono at {rate} Hz to 16 kHz:")
        for side, seconds in median.items():
            print(f"  {side:<10} {SECONDS / seconds:7,.0f} × real time")
        share = median["voicestand"] / SECONDS
        print(f"  share of a core (voicestand): {100 * share:.2f}%")
        print(f"  ratio (soxr / voicestand): {median['soxr HQ'] / median['voicestand']:.2f}")
