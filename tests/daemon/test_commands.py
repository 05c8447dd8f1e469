"""The commands where there is nothing to steer, or a daemon cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.program import Program, error_lines


@pytest.mark.parametrize("command", ["status", "stop"])
def test_without_a_run_it_is_said_how_to_start_one(program: Program, command: str) -> None:
    done = program(command, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = error_lines(done.stderr)
    assert "voicestand run" in line


def test_a_daemon_of_recordings_is_refused_in_a_line_of_its_log(program: Program) -> None:
    done = program("run", "--daemon", "--demo")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith('<3>event=error message="--daemon listens')


def test_a_plain_run_that_nobody_can_steer_says_so(program: Program) -> None:
    folder = Path(program.env["XDG_RUNTIME_DIR"]) / "voicestand"
    folder.mkdir(mode=0o755)
    done = program("run", "--device", "no device of this name")
    assert f"chmod 700 {folder}; nobody can steer this run" in done.stderr


def test_a_daemon_needs_a_folder_that_is_its_users_alone(program: Program) -> None:
    (Path(program.env["XDG_RUNTIME_DIR"]) / "voicestand").mkdir(mode=0o755)
    done = program("run", "--daemon")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("<3>event=error")
    assert "open to other users: chmod 700" in line
