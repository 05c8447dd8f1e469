"""Claim: resampling to 16 kHz costs at most half of what it costs in soxr at quality HQ.

Peers: ``soxr`` HQ and VHQ, and libsamplerate's best sinc (package ``samplerate``), each with its
own streaming object. Input: mono float32 noise in chunks of 20 ms, as audio comes, and, to see what
the calls from Python take, all in one call. Unit: nanoseconds an output sample, without making the
objects, medians of turns that the sides take in alternation.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import samplerate
import soxr
from numpy.typing import NDArray

from voicestand.bench.record import Bound, record
from voicestand.dsp import Resampler

OUTPUT = 16_000
SECONDS = 4
TURNS = 9
RATES = [8_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000]
LEAST_RATIO = 2.0

Samples = NDArray[np.float32]
Work = Callable[[Samples, int], None]


def ours(rate: int) -> Work:
    resampler = Resampler(rate, OUTPUT)

    def work(audio: Samples, step: int) -> None:
        resampler.reset()
        for start in range(0, len(audio), step):
            resampler.process(audio[start : start + step])

    return work


def of_soxr(quality: str) -> Callable[[int], Work]:
    def make(rate: int) -> Work:
        stream = soxr.ResampleStream(rate, OUTPUT, 1, dtype="float32", quality=quality)

        def work(audio: Samples, step: int) -> None:
            stream.clear()
            for start in range(0, len(audio), step):
                stream.resample_chunk(audio[start : start + step])

        return work

    return make


def of_libsamplerate(rate: int) -> Work:
    resampler = samplerate.Resampler("sinc_best", channels=1)

    def work(audio: Samples, step: int) -> None:
        resampler.reset()
        for start in range(0, len(audio), step):
            resampler.process(audio[start : start + step], OUTPUT / rate)

    return work


SIDES: dict[str, Callable[[int], Work]] = {
    "voicestand": ours,
    "soxr HQ": of_soxr("HQ"),
    "soxr VHQ": of_soxr("VHQ"),
    "libsamplerate best": of_libsamplerate,
}


@pytest.mark.parametrize("chunks", ["20 ms", "one"])
@pytest.mark.parametrize("rate", RATES)
def test_resampling_to_16_khz(
    benchmark: Any, capsys: pytest.CaptureFixture[str], rate: int, chunks: str
) -> None:
    benchmark.group = f"resampling, {rate} Hz"
    audio = np.random.default_rng(1).normal(0, 0.1, SECONDS * rate).astype(np.float32)
    step = rate // 50 if chunks == "20 ms" else len(audio)
    taken: dict[str, list[float]] = {side: [] for side in SIDES}

    sides = {side: make(rate) for side, make in SIDES.items()}

    def one_round() -> None:
        for side, work in sides.items():
            began = time.perf_counter()
            work(audio, step)
            taken[side].append((time.perf_counter() - began) * 1e9 / (SECONDS * OUTPUT))

    benchmark.pedantic(one_round, rounds=TURNS, warmup_rounds=1)
    figures = {side: times[1:] for side, times in taken.items()}
    median = {side: statistics.median(times) for side, times in figures.items()}
    streaming = chunks == "20 ms"
    record(
        f"resampling-{rate}" if streaming else f"resampling-{rate}-in-one-call",
        "resampling costs at most half of what it costs in soxr HQ"
        if streaming
        else "resampling in one call costs less than in soxr HQ",
        input=f"{SECONDS} s of mono noise, {rate} to {OUTPUT} Hz, chunks: {chunks}",
        unit="ns",
        ours=figures.pop("voicestand"),
        peers=figures,
        bounds=[Bound(LEAST_RATIO if streaming else 1.0, "soxr HQ")],
    )
    mine = median.pop("voicestand")
    with capsys.disabled():
        line = ", ".join(f"{side} {ns:.1f} (ratio {ns / mine:.1f})" for side, ns in median.items())
        print(f"\n{rate} Hz, chunks {chunks}: {mine:.1f} ns a sample; {line}")
