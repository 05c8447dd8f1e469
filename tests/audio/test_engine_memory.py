"""What an engine adds to a bare interpreter, and that it adds nothing more however long it runs."""

from __future__ import annotations

import subprocess
import sys

BARE = """
import gc, sys, threading, time
import numpy as np
from numpy.typing import NDArray

def resident():
    gc.collect()
    rollup = open("/proc/self/smaps_rollup").read()
    fields = dict(line.split(":") for line in rollup.splitlines()[1:])
    return {name: int(fields[name].split()[0]) for name in ("Rss", "Anonymous")}

audio = np.random.default_rng(1).standard_normal((4800, 2), np.float32) * 0.1
"""

RUNNING = (
    BARE
    + """
from voicestand._native import Engine

def play(minutes):
    engine = Engine(sample_rate=48_000, channels=2, roles=[[0], [1]])
    reader = engine.speech_reader()
    thread = threading.Thread(target=lambda: [None for _ in iter(reader.read, None)])
    thread.start()
    for _ in range(round(minutes * 600)):
        engine.push(audio, wait=True)
    engine.finish()
    thread.join()
    assert engine.stats()["lost_before_dsp"] == reader.lost == 0
    return engine, reader
"""
)

ENGINE_KB = 5 * 1024
SLOPE_KB = 1024 / 6
"""In ten minutes, at less than 1 MB an hour."""


def measured(code: str) -> list[int]:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100
    )
    return [int(number) for number in done.stdout.split()]


def test_an_engine_at_work_takes_less_than_5_mb_above_the_interpreter() -> None:
    show = "print(*resident().values())"
    bare = measured(BARE + show)
    running = measured(RUNNING + "kept = play(1.0)\n" + show)
    # Anonymous memory is the engine's own; RSS counts the pages of the library's code as well.
    anonymous = running[1] - bare[1]
    assert 0 < anonymous < ENGINE_KB, f"{anonymous} kB"


def test_the_memory_of_engines_that_come_and_go_does_not_grow() -> None:
    code = """
for _ in range(5):
    play(0.2)
before = resident()["Anonymous"]
for _ in range(20):
    play(0.2)
print(resident()["Anonymous"] - before)
"""
    (grown,) = measured(RUNNING + code)
    # Twenty engines have 60 MB of rings: what is left of them is less than a hundredth of that.
    assert grown < 1024, f"{grown} kB"


def test_ten_minutes_of_audio_leave_the_memory_of_an_engine_as_it_was() -> None:
    code = """
engine = Engine(sample_rate=48_000, channels=2, roles=[[0], [1]])
reader = engine.speech_reader()
# The pages of the speech ring come when they are written: first all of them are.
for _ in range(100):
    engine.push(audio)
    while engine.stats()["waiting_blocks"]:
        time.sleep(0.001)
thread = threading.Thread(target=lambda: [None for _ in iter(lambda: reader.read(60.0), None)])
thread.start()
for minute in range(12):
    for _ in range(600):
        engine.push(audio, wait=True)
    print(resident()["Anonymous"])
engine.finish()
thread.join(60.0)
assert not thread.is_alive()
"""
    warming, *minutes = measured(RUNNING + code)
    assert len(minutes) == 11
    grown = minutes[-1] - minutes[0]
    assert grown < SLOPE_KB, f"{grown} kB in ten minutes, from {warming} kB: {minutes}"
