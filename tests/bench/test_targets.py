"""The table of targets has every line of the design, and nothing passes that was not measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.spoken_calls import Recording
from typer.testing import CliRunner

from voicestand.bench import processes, targets, trial
from voicestand.bench.processes import Memory
from voicestand.bench.targets import SLOPE, SUCCESS, Target
from voicestand.bench.trial import Look
from voicestand.cli.bench import bench
from voicestand.errors import DeviceError, VoicestandError
from voicestand.events import SessionEnded

LINES = {
    "audio capture, ADC to reader",
    "end of speech to final transcript, the engine's share",
    "knowledge retrieval",
    "coaching without a language model",
    "end of speech to suggestion",
    "ready to record",
    "memory of the engine",
    "memory of the daemon with its models",
    "growth of the daemon's memory",
    "CPU while coaching",
    "success rate",
}


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nothing can be measured."""

    def fail(*_: object) -> list[Target]:
        raise DeviceError("no such thing here")

    for name in ("_capture", "_ready", "_call", "_knowledge", "_engine", "_slope"):
        monkeypatch.setattr(targets, name, fail)


@pytest.mark.usefixtures("fails")
def test_every_line_is_there_and_says_why_it_was_not_measured() -> None:
    table = targets.measure(lambda _: None)
    assert {line.what for line in table} == LINES
    for line in table:
        assert line.value is None
        assert line.note
        assert line.verdict == "not measured"


@pytest.mark.usefixtures("fails")
def test_table_and_json_of_the_command_say_the_same() -> None:
    runner = CliRunner()
    printed = runner.invoke(bench, ["targets"])
    assert printed.exit_code == 0
    assert printed.stdout.count("no such thing here") == len(LINES)
    found = json.loads(runner.invoke(bench, ["targets", "--json"]).stdout)
    assert {line["what"] for line in found["targets"]} == LINES
    assert found["machine"]["cpu"]


def test_missed_target_fails_only_where_it_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    line = SLOPE.met_by(7.0, "made")
    monkeypatch.setattr(targets, "measure", lambda tell, soak: [line])
    runner = CliRunner()
    assert runner.invoke(bench, ["targets"]).exit_code == 0
    assert runner.invoke(bench, ["targets", "--check"]).exit_code == 1
    monkeypatch.setattr(targets, "measure", lambda tell, soak: [SLOPE.met_by(0.5, "made")])
    assert runner.invoke(bench, ["targets", "--check"]).exit_code == 0


@given(st.floats(0, 1e4))
def test_value_passes_on_its_side_of_the_bound_only(value: float) -> None:
    assert (SLOPE.met_by(value, "").verdict == "pass") == (value < 1.0)
    assert (SUCCESS.met_by(value, "").verdict == "pass") == (value >= 100.0)


def looks(per_hour: float, noise: float, hours: float) -> list[Look]:
    """A session of an hour a second, whose memory grows after a start that takes 50 MB."""
    rng = np.random.default_rng(1)
    at = np.linspace(0, hours, 400)
    own = 100 + 50 * (at > hours / 10) + per_hour * at + rng.normal(0, noise, at.size)
    return [Look(t, Memory(0, 0), Memory(m + 9, m), 0.0) for t, m in zip(at, own, strict=True)]


@pytest.mark.parametrize(("per_hour", "verdict"), [(0.0, "pass"), (0.5, "pass"), (2.0, "miss")])
def test_growth_is_that_of_the_second_half(per_hour: float, verdict: str) -> None:
    found = targets._growth(looks(per_hour, 0.01, hours=1.0), minutes=60.0)
    assert found.verdict == verdict
    assert found.value == pytest.approx(per_hour, abs=0.05)


def test_growth_that_cannot_be_told_from_noise_is_no_pass() -> None:
    found = targets._growth(looks(0.0, 5.0, hours=0.1), minutes=6.0)
    assert (found.verdict, found.value) == ("not measured", None)
    assert "longer --soak" in found.note
    with pytest.raises(VoicestandError, match="too short"):
        targets._growth(looks(0.0, 0.1, hours=1.0)[:8], minutes=60.0)


def test_run_is_watched_from_outside(tmp_path: Path, monologue: Recording) -> None:
    seen = trial.run(["--input", str(monologue.path), "--pace", "max"], tmp_path, 100.0)
    assert isinstance(seen.events[-1], SessionEnded)
    assert seen.ready > 0
    assert seen.looks
    assert all(look.rest.whole > 1.0 for look in seen.looks)
    last = seen.looks[-1]
    assert last.megabytes.whole == last.rest.whole + last.recognizers.whole
    assert last.cpu_seconds > 0
    assert not (tmp_path / ".config").exists()


def test_run_that_fails_is_told() -> None:
    with pytest.raises(VoicestandError, match="exit code 2"):
        trial.run(["--input", "no-such-file.wav"], Path.cwd(), 100.0)


HUNGRY = """
import time
block = bytearray(50_000_000)
for place in range(0, len(block), 4096):
    block[place] = 1
until = time.process_time() + 0.3
while time.process_time() < until:
    pass
print("there", flush=True)
time.sleep(60)
"""


def test_memory_and_processor_time_of_a_process_are_seen() -> None:
    with subprocess.Popen([sys.executable, "-c", HUNGRY], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            assert 50 < processes.memory([process.pid]).own < 100
            assert processes.memory([process.pid]).whole >= processes.memory([process.pid]).own
            assert 0.25 < processes.cpu_seconds(process.pid) < 5
            assert process.pid in processes.descendants(os.getpid())
            assert not processes.is_recognizer(process.pid)
        finally:
            process.kill()
    assert processes.memory([process.pid]) == Memory(0, 0)
    assert processes.cpu_seconds(process.pid) == 0
