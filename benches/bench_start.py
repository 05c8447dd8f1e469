"""Claim: ``voicestand run`` is ready (``session.started``) less than 1 s after its process starts.

Peers: the bare interpreter, below which no Python program gets; and the same parts (rooms, voice
activity, recognizer) loaded one after the other in one process, as a plain script would. Input: a
file of silence; models warm on disk; a home of its own. Unit: seconds from the start of the process
to the line it prints, median and range, the ways in turn so that all see the same machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import wave
from pathlib import Path
from statistics import median

import pytest
from tests.program import EXECUTABLE

from voicestand.bench.record import Bound, record

RUNS = 9
CLAIM = 1.0

_ONE_AFTER_THE_OTHER = """
import json, time
began = time.perf_counter()
stages = {}
def stage(name):
    global began
    stages[name] = time.perf_counter() - began
    began = time.perf_counter()
import voicestand.cli.program
stage("import the command line")
import voicestand.session.conversation, voicestand.journal.journal, voicestand.audio.file
stage("import the rooms")
from voicestand.coach.coach import Coach
from voicestand.coach.playbook import find
Coach(find("sales-call"), ["self"])
stage("playbook")
from voicestand.vad.silero import SileroVad
SileroVad("CPU")
stage("voice activity: import and compile")
from voicestand.speech.pocketsphinx import PocketSphinx
PocketSphinx()
stage("recognizer: import and load")
print(json.dumps(stages), flush=True)
"""


def until_line(command: list[str], env: dict[str, str]) -> tuple[float, str]:
    """Seconds until the program's first line, and the line."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        taken = time.perf_counter() - began
        process.stdout.read()
    return taken, line


def test_run_is_ready_within_a_second(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    silence = tmp_path / "silence.wav"
    with wave.open(str(silence), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(3200))
    env = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
    env |= {"HOME": str(tmp_path)}
    run = [str(EXECUTABLE), "run", "--input", str(silence), "--pace", "max", "--events", "-"]
    ways = {
        "voicestand run, to session.started": run,
        "one after the other, in one process": [sys.executable, "-c", _ONE_AFTER_THE_OTHER],
        "import voicestand": [sys.executable, "-c", "import voicestand; print(1)"],
        "bare interpreter": [sys.executable, "-c", "print(1)"],
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    stages: dict[str, list[float]] = {}
    for command in ways.values():  # warms the disk, and the cache of the folded model
        until_line(command, env)
    for _ in range(RUNS):
        for name, command in ways.items():
            seconds, line = until_line(command, env)
            taken[name].append(seconds)
            if command is run:
                assert "session.started" in line
            elif line.startswith("{"):
                for stage, share in json.loads(line).items():
                    stages.setdefault(stage, []).append(share)
    own = "voicestand run, to session.started"
    record(
        "start-to-ready",
        f"voicestand run is ready to record within {CLAIM:g} s",
        input="from the start of the process to the line session.started, caches warm",
        unit="s",
        ours=taken[own],
        peers={name: times for name, times in taken.items() if name != own},
        bounds=[Bound(CLAIM)],
    )
    ours = median(taken[own])
    with capsys.disabled():
        print(f"\nstart, {RUNS} runs each, s:")
        for name, times in taken.items():
            print(
                f"  {name:<36} median {median(times):.3f}  ({min(times):.3f} to {max(times):.3f})"
                f"  run is {ours / median(times):5.2f} x this"
            )
        verdict = "yes" if ours < CLAIM else "no, on this machine as busy as it is"
        print(f"  less than {CLAIM} s: {verdict}")
        print("  one after the other, of which:")
        for stage, shares in stages.items():
            print(f"    {stage:<34} median {median(shares):.3f}")
