"""Claim: a frame is with its reader 5 ms (p99) after its conversion, and its stated time is true.

Peer: ``sounddevice`` with a callback in Python, as its documentation shows it. Input: a JACK server
(dummy driver, 48 kHz, periods of 128 frames) with a loopback, into which a native client of the
bench's own plays an impulse every 20 ms, at every place of a period in turn; turns of 10 s,
alternating, three of each. ``jack_iodelay`` measures the loopback meanwhile, on its second channel.
An impulse was converted when the server's cycle in which it was played was due to begin, plus its
place in it and the round trip that ``jack_iodelay`` measures, less the latency that JACK states for
the port. When cycles were due is seen from the server's wake-ups before and after them
(``benches.probes.grid``), not from the times that JACK tells, which are wrong for seconds after a
stall. Nothing of what is measured is in that. Units: ms from that moment to the reader having the
frame (``native``: the waiting thread, before it takes the GIL; Python's reader; 16 kHz speech,
through the conditioning chain), and µs by which the stated time is off. Impulses around which the
server or the player was late, by a stall of the machine, are left out and counted. ``promoted`` is
a reader in a real-time thread (``vs.cpu.promote``), as JACK's own thread is, which runs
sounddevice's callback.

``VOICESTAND_ADC_SECONDS`` makes the turns shorter.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from benches.probes import native
from benches.probes.hear_impulses import Heard
from tests.real.conftest import running_jack

from voicestand.bench.figures import quantile
from voicestand.bench.record import Bound, record

if TYPE_CHECKING:
    from tests.real.conftest import AudioServer

RATE = 48_000
PERIOD = 128
SECONDS = float(os.environ.get("VOICESTAND_ADC_SECONDS", "10"))
TURNS = 3
SIDES = ("voicestand", "sounddevice", "promoted", "speech")
ROOT = Path(__file__).parents[1]
INPUT = (
    f"impulses through JACK's loopback (dummy driver, 48 kHz, periods of {PERIOD} frames), "
    f"{TURNS} turns of {SECONDS:g} s"
)
_TOTAL = re.compile(r"([\d.]+) frames\s+[\d.]+ ms total roundtrip latency")


class Impulses:
    """The bench's own player, and what it says at the end."""

    def __init__(self, server: AudioServer) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benches.probes.impulses"],
            cwd=ROOT,
            env=server.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "playing\n"

    def end(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self._process.communicate("\n", timeout=30)[0])
        return told


@contextmanager
def round_trip(server: AudioServer, told: Path) -> Iterator[list[float]]:
    """What ``jack_iodelay`` measures of the loopback's second channel meanwhile, frames."""
    measured: list[float] = []
    with told.open("w") as output:
        process = subprocess.Popen(["stdbuf", "-oL", "jack_iodelay"], env=server.env, stdout=output)
    try:
        for ports in (
            ("jack_delay:out", "loopback:playback_2"),
            ("loopback:capture_2", "jack_delay:in"),
        ):
            deadline = time.monotonic() + 10
            while subprocess.run(["jack_connect", *ports], env=server.env, check=False).returncode:
                assert time.monotonic() < deadline, "jack_iodelay has no ports"
                time.sleep(0.1)
        yield measured
    finally:
        process.terminate()
        process.wait()
        measured += [float(frames) for frames in _TOTAL.findall(told.read_text())]


def hear(side: str, server: AudioServer) -> dict[str, list[Heard]]:
    done = subprocess.run(
        [sys.executable, "-m", "benches.probes.hear_impulses", side, str(SECONDS)],
        cwd=ROOT,
        env=server.env,
        stdout=subprocess.PIPE,
        text=True,
        timeout=SECONDS + 60,
        check=True,
    )
    heard: dict[str, list[Heard]] = json.loads(done.stdout)
    return heard


class Seen:
    """One reader's impulses."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        """ms."""
        self.errors: list[float] = []
        """Of the stated time, µs; positive where it is later than the true one."""
        self.left_out = 0

    def add(self, heard: list[Heard], told: dict[str, Any], round_trip: float) -> None:
        converted = np.array(told["times"]) + (round_trip - told["latency"]) / RATE
        for number, stated, had in heard:
            same = np.arange(number or 0, len(converted), 1 if number is None else 64)
            impulse = int(same[np.argmin(np.abs(converted[same] - stated))])
            if told["late"][impulse]:
                self.left_out += 1
                continue
            self.delays.append(1e3 * (had - float(converted[impulse])))
            self.errors.append(1e6 * (stated - float(converted[impulse])))

    def line(self, name: str) -> str:
        p50, p99 = (quantile(self.delays, share) for share in (0.5, 0.99))
        off = [abs(error) for error in self.errors]
        return (
            f"  {name:<26} {len(self.delays):6,} impulses: had after p50 {p50:5.2f} ms, "
            f"p99 {p99:5.2f}, largest {max(self.delays):5.2f}; stated time off by "
            f"{median(self.errors):+7.0f} µs (median), {quantile(off, 0.99):6.0f} (p99) "
            f"of {len(off):,}; {self.left_out} left out"
        )


@pytest.mark.timeout(600)
def test_from_conversion_to_reader_through_a_loopback(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if shutil.which("jack_iodelay") is None:
        pytest.skip("needs jack_iodelay: apt install --no-install-recommends jackd2")
    native.build()
    seen: dict[str, Seen] = defaultdict(Seen)
    trips = []
    with running_jack(PERIOD) as server:
        for _ in range(TURNS):
            for side in SIDES:
                impulses = Impulses(server)
                with round_trip(server, tmp_path / "iodelay") as measured:
                    heard = hear(side, server)
                told = impulses.end()
                trips.append(median(measured))
                for reader, rows in heard.items():
                    seen[reader].add(rows, told, trips[-1])
    told_by = {reader: [abs(error) for error in one.errors] for reader, one in seen.items()}
    for name, what, ours in (
        ("adc-to-reader", "Python's reader of vs.Capture", "python"),
        ("adc-to-native-reader", "the waiting thread itself", "native"),
        ("adc-to-promoted-reader", "Python's reader in a real-time thread", "python promoted"),
    ):
        record(
            name,
            f"a frame is with {what} less than 5 ms after its conversion (p99)",
            input=INPUT,
            unit="ms",
            ours=[max(0.0, delay) for delay in seen[ours].delays],
            peers={"sounddevice": [max(0.0, delay) for delay in seen["sounddevice"].delays]},
            statistic="p99",
            bounds=[Bound(5.0)],
        )
    record(
        "adc-time-error",
        "the time stated of a frame is true within 0.1 ms (p99)",
        input=INPUT,
        unit="µs",
        ours=told_by["python"] + told_by["python promoted"],
        peers={"sounddevice": told_by["sounddevice"]},
        statistic="p99",
        bounds=[Bound(100.0), Bound(1.0, "sounddevice")],
    )
    record(
        "adc-time-error-speech",
        "the time stated of 16 kHz speech is true within 1 ms (p99)",
        input=INPUT,
        unit="µs",
        ours=told_by["speech"],
        statistic="p99",
        bounds=[Bound(1000.0)],
    )
    with capsys.disabled():
        print(
            f"\n{INPUT}; round trip by jack_iodelay: {median(trips):.3f} frames "
            f"({1e3 * median(trips) / RATE:.3f} ms), latency stated: {told['latency']} frames",
            seen["native"].line("voicestand, native"),
            seen["python"].line("voicestand, Python"),
            seen["python promoted"].line("voicestand, promoted"),
            seen["speech"].line("voicestand, 16 kHz speech"),
            seen["sounddevice"].line("sounddevice's callback"),
            sep="\n",
        )
