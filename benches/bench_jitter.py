"""Claim: with priority, a load on every core delays the DSP thread no more than the audio server.

Peer: our own engine without priority and placement, in the same run. Input: JACK (dummy driver,
48 kHz, periods of 128 frames) beside a busy process pinned to every CPU; turns of 5 s, alternating,
three of each. Units: µs at the 99th percentile and at worst (medians of the turns) of the time
between callbacks beyond the period, and from a block's publication to the DSP thread running, which
is what scheduling adds before the block is in the output ring; the work itself is shown beside it.

Where the plan sets no core apart, placement pins the DSP thread to the last CPU nevertheless: the
figures then show why the plan does not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import pytest
from tests.real.conftest import running_jack

from voicestand.bench.record import Bound, record

SECONDS = 5.0
TURNS = 3
MODES = ("neither", "placement", "priority", "both")
MEASURES = {"callback": "interval_jitter", "wake": "dsp_wake", "work": "block"}

_TURN = """
import json, os, sys, time
from voicestand import cpu
from voicestand.audio.device import DeviceSource
from voicestand.config import AudioSettings
mode, seconds = sys.argv[1], float(sys.argv[2])
source = DeviceSource("system", AudioSettings(sample_rate=48_000, block_frames=128))
while (thread := source.engine.dsp_thread()) is None:
    time.sleep(0.01)
if mode in {"neither", "placement"}:
    os.sched_setscheduler(thread[0], os.SCHED_OTHER, os.sched_param(0))
plan = cpu.plan(realtime=1)
if mode in {"placement", "both"}:
    cpu.pin(plan.realtime[0] if plan.separate else plan.realtime[0][-1:], thread[0])
source.start()
time.sleep(seconds)
stats = source.engine.stats()
source.close()
found = {name: stats["histograms"][name] for name in json.loads(sys.argv[3])}
print(json.dumps({"granted": thread[1], "separate": plan.separate, "histograms": found}))
"""


@contextmanager
def load_on_every_cpu() -> Iterator[None]:
    """One busy process a CPU, of ordinary priority."""
    busy = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"
    loads = [
        subprocess.Popen([sys.executable, "-c", busy, str(cpu)]) for cpu in os.sched_getaffinity(0)
    ]
    try:
        time.sleep(0.5)
        yield
    finally:
        for load in loads:
            load.kill()
            load.wait()


def turn(mode: str, env: dict[str, str]) -> dict[str, Any]:
    arguments = (mode, str(SECONDS), json.dumps(list(MEASURES.values())))
    done = subprocess.run(
        [sys.executable, "-c", _TURN, *arguments],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.mark.timeout(600)
def test_jitter_under_a_load_on_every_cpu_with_and_without_placement_and_priority(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen: dict[str, list[dict[str, Any]]] = {mode: [] for mode in MODES}
    with running_jack() as server, load_on_every_cpu():
        for _ in range(TURNS):
            for mode in MODES:
                seen[mode].append(turn(mode, server.env))

    def figure(mode: str, measure: str, quantile: str) -> float:
        name = MEASURES[measure]
        return 1e6 * median([float(one["histograms"][name][quantile]) for one in seen[mode]])

    def turns(mode: str) -> list[float]:
        return [1e6 * float(one["histograms"]["dsp_wake"]["p99"]) for one in seen[mode]]

    record(
        "jitter-dsp-wake",
        "with priority and placement the DSP thread wakes no later beside a load on every core",
        input=f"JACK, 128 frames at 48 kHz; the 99th percentile of each turn of {SECONDS:g} s",
        unit="µs",
        ours=turns("both"),
        peers={mode: turns(mode) for mode in MODES[:-1]},
        bounds=[Bound(1.0, "neither")],
    )
    first = seen["neither"][0]
    with capsys.disabled():
        print(f"\npriority: {first['granted']}; the plan sets cores apart: {first['separate']}")
        for mode in MODES:
            parts = [
                f"{measure} {figure(mode, measure, 'p99'):.0f} (worst "
                f"{figure(mode, measure, 'max'):.0f})"
                for measure in MEASURES
            ]
            print(f"{mode:<10} µs at p99: {', '.join(parts)}")
        for mode in MODES[1:]:
            for quantile in ("p99", "max"):
                ratio = figure("neither", "wake", quantile) / figure(mode, "wake", quantile)
                print(f"  ratio of DSP wake-up at {quantile}, neither / {mode}: {ratio:.1f}")
