"""What the engine takes above an interpreter with NumPy, in a process of its own; prints JSON.

Run as ``python -m voicestand.bench.engine_memory MINUTES``: so much audio of two channels at 48 kHz
goes through push, the DSP thread and a reader, as quickly as it can.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np


def resident() -> float:
    """Megabytes (10^6) of this process."""
    status = Path("/proc/self/smaps_rollup").read_text()
    rss = next(line for line in status.splitlines() if line.startswith("Rss:"))
    return 1024 * int(rss.split()[1]) / 1e6


def grown(minutes: int) -> list[float]:
    """Megabytes above the interpreter, after each minute of audio."""
    second = np.random.default_rng(1).normal(0, 0.1, (48_000, 2)).astype(np.float32)
    bare = resident()
    from voicestand._native import Engine

    engine = Engine(sample_rate=48_000, channels=2, roles=[[0], [1]])
    reader = engine.speech_reader(512)
    found = []
    for minute in range(minutes):
        for number in range(60):
            engine.push(second)
            while reader.delivered < 48_000 * (60 * minute + number) and reader.read() is not None:
                pass
        found.append(resident() - bare)
    engine.close()
    return found


if __name__ == "__main__":
    json.dump(grown(int(sys.argv[1])), sys.stdout)
