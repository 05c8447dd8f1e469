"""Claim: a kernel called from Python is five times as fast as NumPy, and a call costs under 300 ns.

Peer: the shortest NumPy that computes the same in float32, into arrays that exist already where it
can. Input: 480 samples of noise; for the cost of a call, no samples. Unit: nanoseconds a call, by
the medians of short turns that the sides take in alternation.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from voicestand import dsp
from voicestand.bench.record import Bound, record

LENGTH = 480
TURNS = 200
CALLS = 50
LEAST = 5.0
MOST_OF_A_CALL = 300.0

rng = np.random.default_rng(1)
a = rng.uniform(-1, 1, LENGTH).astype(np.float32)
b = rng.uniform(-1, 1, LENGTH).astype(np.float32)
out = np.empty_like(a)
stereo = np.ascontiguousarray(np.stack([a, b]))
frames = np.ascontiguousarray(stereo.T)
planes_out, frames_out = np.empty_like(stereo), np.empty_like(frames)
short = (a * 32767).astype(np.int16)
short_out = np.empty_like(short)
taps = rng.uniform(-1, 1, 64).astype(np.float32)
fir_out = np.empty(LENGTH - 63, np.float32)
dither = dsp.Dither(1)
empty = np.empty(0, np.float32)


def numpy_gain() -> None:
    np.multiply(a, np.linspace(0.5, 1.0, LENGTH, endpoint=False, dtype=np.float32), out=out)


def numpy_mix() -> None:
    np.add(out, np.multiply(a, np.float32(1e-6)), out=out)


def numpy_to_int16() -> None:
    np.copyto(short_out, np.clip(np.rint(a * 32768), -32768, 32767), casting="unsafe")


def numpy_to_int16_dithered() -> None:
    noise = rng.random(LENGTH, np.float32) - rng.random(LENGTH, np.float32)
    np.copyto(short_out, np.clip(np.rint(a * 32768 + noise), -32768, 32767), casting="unsafe")


def numpy_limit() -> None:
    size = np.abs(a)
    excess = np.minimum(size - 0.7, 0.6)
    bent = np.copysign(0.7 + excess - excess * excess / 1.2, a)
    np.copyto(out, np.where(size <= 0.7, a, bent))


CASES: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "gain-ramp": (lambda: dsp.gain(a, 0.5, 1.0, out=out), numpy_gain),
    "mix": (lambda: dsp.mix(out, a, 1e-6), numpy_mix),
    "window": (lambda: dsp.multiply(a, b, out=out), lambda: np.multiply(a, b, out=out)),
    "limit": (lambda: dsp.limit(a, out=out), numpy_limit),
    "interleave": (
        lambda: dsp.interleave(stereo, frames_out),
        lambda: np.copyto(frames_out, stereo.T),
    ),
    "deinterleave": (
        lambda: dsp.deinterleave(frames, planes_out),
        lambda: np.copyto(planes_out, frames.T),
    ),
    "from-int16": (
        lambda: dsp.from_int16(short, out),
        lambda: np.multiply(short, np.float32(1 / 32768), out=out),
    ),
    "to-int16": (lambda: dsp.to_int16(a, short_out), numpy_to_int16),
    "to-int16-dithered": (
        lambda: dsp.to_int16(a, short_out, dither=dither),
        numpy_to_int16_dithered,
    ),
    "peak": (lambda: dsp.peak(a), lambda: np.abs(a).max()),
    "rms": (lambda: dsp.rms(a), lambda: np.sqrt(np.mean(a * a))),
    "dc": (lambda: dsp.dc(a), lambda: np.mean(a)),
    "clip-count": (lambda: dsp.clip_count(a), lambda: np.count_nonzero(np.abs(a) >= 0.99997)),
    "dot": (lambda: dsp.dot(a, b), lambda: np.dot(a, b)),
    "fir-64-taps": (
        lambda: dsp.fir(a, taps, fir_out),
        lambda: np.copyto(fir_out, np.convolve(a, taps, "valid")),
    ),
}


def turn(work: Callable[[], object]) -> float:
    """Nanoseconds a call."""
    began = time.perf_counter_ns()
    for _ in range(CALLS):
        work()
    return (time.perf_counter_ns() - began) / CALLS


@pytest.mark.parametrize("name", CASES)
def test_a_kernel_against_numpy(
    benchmark: Any, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    benchmark.group = "kernels through Python, 480 samples"
    ours, theirs = CASES[name]
    taken: tuple[list[float], list[float]] = ([], [])

    def one_round() -> None:
        taken[0].append(turn(ours))
        taken[1].append(turn(theirs))

    benchmark.pedantic(one_round, rounds=TURNS, warmup_rounds=5)
    mine, numpy = (statistics.median(side) for side in taken)
    with capsys.disabled():
        print(f"\n{name:<18} {mine:8.0f} ns, NumPy {numpy:8.0f} ns, ratio {numpy / mine:5.1f}")
    record(
        f"dsp-{name}",
        "a kernel called from Python is five times as fast as NumPy",
        input="480 float32 samples",
        unit="ns",
        ours=taken[0],
        peers={"numpy": taken[1]},
        bounds=[Bound(LEAST, "numpy")],
    )


def test_what_a_call_costs(benchmark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[float] = []
    benchmark.pedantic(lambda: taken.append(turn(lambda: dsp.peak(empty))), rounds=TURNS)
    cost = statistics.median(taken)
    with capsys.disabled():
        print(f"\na call without samples: {cost:.0f} ns")
    record(
        "dsp-call",
        "a call of a kernel costs under 300 ns",
        input="no samples",
        unit="ns",
        ours=taken,
        bounds=[Bound(MOST_OF_A_CALL)],
    )
