"""Several files at once: nothing is lost, and a mistake in the last is told before the first."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from voicestand.demo import recording


def voicestand(*arguments: object) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from voicestand.cli import main; main()"]
    return subprocess.run(
        [*program, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def call(tmp_path: Path) -> Path:
    return Path(shutil.copy(recording(), tmp_path / "call.ogg"))


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


@pytest.mark.parametrize("command", ["transcribe", "run"])
def test_a_missing_last_file_is_told_before_the_first_is_heard(call: Path, command: str) -> None:
    files = ["--input", call, "--input", "no.wav"] if command == "run" else [call, "no.wav"]
    assert "no.wav" in refused(voicestand(command, *files))


def test_two_results_of_one_name_are_refused(call: Path, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    other = shutil.copy(call, tmp_path / "again" / "call.wav")
    done = voicestand("transcribe", call, other, "--output", tmp_path / "out")
    assert "call.txt" in refused(done)


def test_subtitles_of_several_files_are_not_run_together(call: Path) -> None:
    assert "--output" in refused(voicestand("transcribe", call, call, "--format", "srt"))


def test_the_demo_and_a_recording_of_ones_own_exclude_each_other(call: Path) -> None:
    assert "--demo" in refused(voicestand("run", "--demo", "--input", call))
