"""``doctor --measure``: what a window of voice activity costs on each inference device."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from voicestand.doctor.check import Check
from voicestand.doctor.inference import list_devices
from voicestand.doctor.probe import ProbeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicestand.vad.silero import SileroStream, SileroVad

WINDOWS = 100
"""Heard on each device, as they come live: one each 32 ms."""

WINDOW_SECONDS = 0.032

PACKAGE = Path("sys/class/powercap/intel-rapl:0")
"""Under the root: the energy counter of the processor package, NPU and GPU included."""


class Energy:
    """The energy counter of the package, where there is one that may be read."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._counter = root / PACKAGE / "energy_uj"
        self._range = root / PACKAGE / "max_energy_range_uj"

    def joules(self) -> float | None:
        """Since some moment; ``None`` where nobody counts, or this user may not know."""
        try:
            return int(self._counter.read_text()) / 1e6
        except (OSError, ValueError):
            return None

    def since(self, before: float | None) -> float | None:
        """Joules since ``joules()`` said ``before``; the counter may have begun anew once."""
        now = self.joules()
        if before is None or now is None:
            return None
        if now >= before:
            return now - before
        try:
            return now - before + int(self._range.read_text()) / 1e6
        except (OSError, ValueError):
            return None


class Cost(NamedTuple):
    """What a device took for ``WINDOWS`` windows."""

    times: list[float]
    """Seconds until each probability was there."""
    processor: float
    """Seconds of processor time, of this process and of the device's."""
    seconds: float
    joules: float | None
    largest_difference: float
    """Between its probabilities and the CPU's, of the same windows."""


class Hearing(NamedTuple):
    """What every device hears, and what the CPU makes of it."""

    windows: list[NDArray[np.float32]]
    expected: NDArray[np.float64]
    energy: Energy


def measure(root: Path = Path("/")) -> list[Check]:
    """What a window costs on each device: time, processor, power. 3 s, and as much for each.

    ``root``: where ``sys/`` is.
    """
    try:
        names = [device for device, _ in list_devices()]
    except ProbeError as error:
        return [Check("voice activity", "error", f"OpenVINO does not start: {error}")]
    from voicestand.vad.silero import SileroVad

    energy = Energy(root)
    before, began = energy.joules(), time.monotonic()
    time.sleep(WINDOWS * WINDOW_SECONDS)
    joules = energy.since(before)
    idle = None if joules is None else joules / (time.monotonic() - began)
    cpu = SileroVad("CPU")
    windows = some_windows()
    stream = cpu.stream()
    hearing = Hearing(windows, np.array([stream(window) for window in windows]), energy)
    checks = []
    for name in names:
        if name == "CPU":
            found = Check("", "ok", told(cost(cpu.stream(), hearing, [os.getpid()]), idle))
        else:
            found = elsewhere(name, cpu, hearing, idle)
        checks.append(Check(f"voice activity on {name}", found.status, found.message))
    return checks


def elsewhere(device: str, cpu: SileroVad, hearing: Hearing, idle: float | None) -> Check:
    """What a window costs on an accelerator, in a process of its own as in a session."""
    from voicestand.vad.accelerator import Accelerator

    lost: list[str] = []
    accelerator = Accelerator(device, lambda started: None, lost.append)
    try:
        if (reason := accelerator.wait()) is None:
            stream = cpu.stream(accelerator.compute)
            found = cost(stream, hearing, [os.getpid(), accelerator.pid])
            if accelerator.computes:
                return Check("", "ok", told(found, idle))
            reason = lost[0]
    finally:
        accelerator.close()
    return Check("", "warning", f"it does not work: {reason}")


def cost(stream: SileroStream, hearing: Hearing, pids: Sequence[int]) -> Cost:
    """Of hearing everything at the pace of a live channel."""
    before, processor = hearing.energy.joules(), sum(map(cpu_seconds, pids))
    began = time.monotonic()
    times, heard = [], []
    for index, window in enumerate(hearing.windows):
        time.sleep(max(0.0, began + index * WINDOW_SECONDS - time.monotonic()))
        start = time.perf_counter()
        heard.append(stream(window))
        times.append(time.perf_counter() - start)
    return Cost(
        times,
        sum(map(cpu_seconds, pids)) - processor,
        time.monotonic() - began,
        hearing.energy.since(before),
        float(np.abs(np.array(heard) - hearing.expected).max()),
    )


def told(found: Cost, idle: float | None) -> str:
    """In one line; ``idle``: watts of the package while nobody listens."""
    times = sorted(found.times)
    if found.joules is None or idle is None:
        power = f"power unknown, /{PACKAGE}/energy_uj cannot be read"
    else:
        power = f"{found.joules / found.seconds - idle:+.2f} W beside {idle:.2f} W idle"
    return (
        f"{1000 * statistics.median(times):.2f} ms a window, p99 "
        f"{1000 * times[round(0.99 * (len(times) - 1))]:.2f} ms; "
        f"{found.processor / found.seconds:.1%} of a core; {power}; "
        f"within {found.largest_difference:.3f} of the CPU's probabilities"
    )


def cpu_seconds(pid: int) -> float:
    """Processor time of a process's present threads; 0 once it has ended."""
    spent = 0
    for counted in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):
            spent += int(counted.read_text().split()[0])
    return spent / 1e9


def some_windows() -> list[NDArray[np.float32]]:
    """Something like a voice: harmonics through three resonances, two of which wander."""
    at = np.arange(WINDOWS * 512) / 16_000
    pitch = 120 + 15 * np.sin(2 * np.pi * 0.9 * at) + 5 * np.sin(2 * np.pi * 5 * at)
    phase = 2 * np.pi * np.cumsum(pitch) / 16_000
    low, middle = 550 + 200 * np.sin(10.7 * at), 1400 + 500 * np.sin(13.2 * at)
    voice = np.zeros(len(at))
    for k in range(1, 40):
        formants = (low, 60, 1.0), (middle, 90, 0.6), (2600, 120, 0.25)
        gain = sum(
            height / (1 + ((k * pitch - at_hz) / width) ** 2) for at_hz, width, height in formants
        )
        voice += gain * np.sin(k * phase)
    voice *= np.clip(0.3 + np.sin(2 * np.pi * 3.5 * at), 0, 1)  # syllables
    voice *= 0.3 / np.abs(voice).max()
    return list(voice.astype(np.float32).reshape(-1, 512))
