"""``voicestand top``: a running session, seen from another process."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import pytest
from tests.cli.terminal import in_terminal
from tests.program import Program, error_lines, wait_until
from tests.spoken_calls import Recording

from voicestand.events import SessionStarted


@pytest.fixture
def runtime(program: Program) -> Path:
    """The user's runtime directory."""
    return Path(program.env["XDG_RUNTIME_DIR"]) / "voicestand"


def test_without_a_session_it_says_so_in_one_line(program: Program, runtime: Path) -> None:
    for arguments in ((), ("--json",)):
        done = program("top", *arguments)
        assert done.returncode == 1
        assert done.stdout == ""
        assert error_lines(done.stderr) == [
            "voicestand: error: no session is running: start one with voicestand run"
        ]


def test_a_running_session_is_seen_and_forgotten_at_its_end(
    program: Program, runtime: Path
) -> None:
    running = program.start("run", "--demo")
    started = running.first(SessionStarted)

    def snapshot() -> dict[str, object]:
        done = program("top", "--json")
        return dict(json.loads(done.stdout)) if done.returncode == 0 else {}

    wait_until(
        lambda: (snapshot().get("sources") or [{}])[0].get("frames_captured"),  # type: ignore[index]
        "frames",
    )
    seen = snapshot()
    assert seen["type"] == "engine.stats"
    assert seen["session"] == started.session
    assert seen["pid"] == running.process.pid
    (file,) = runtime.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert runtime.stat().st_mode & 0o077 == 0

    plain = program("top")
    assert plain.returncode == 0
    assert f"voicestand {running.process.pid} · {started.session}" in plain.stdout
    assert re.search(r"^block +[\d.]+ [µm]s", plain.stdout, re.MULTILINE)

    wrong = program("top", "--pid", "1")
    assert wrong.returncode == 2
    assert error_lines(wrong.stderr) == [
        f"voicestand: error: process 1 runs no session of yours; these do: {running.process.pid}"
    ]

    with in_terminal(program, "top") as terminal:
        terminal.shows(lambda: "Ctrl-C ends the view" in terminal.text(), "the view")
        terminal.shows(lambda: re.search(r"^dsp wake +[\d.]+ ", terminal.text(), re.M), "latency")
        terminal.shows(lambda: "recognizer other" in terminal.text(), "the workers")
        measured = r" .* -\d+\.\d LUFS +\d+\.\d LU .*"
        both = re.compile(f"^self{measured}\nother{measured}$", re.M)
        terminal.shows(lambda: both.search(terminal.text()), "loudness")
        assert "lost 0" in terminal.text()
        assert "cores ▕" in terminal.text()
        before = re.findall(r"captured ([\d,]+)", terminal.text())
        terminal.shows(
            lambda: re.findall(r"captured ([\d,]+)", terminal.text()) != before, "that it goes on"
        )
        running.send(signal.SIGINT)
        assert terminal.end() == 0
        assert f"voicestand {running.process.pid}" in terminal.text()
        assert "· ended" in terminal.text()
    assert running.end() == 130
    assert not list(runtime.iterdir())
    assert program("top").returncode == 1


def test_ctrl_c_ends_the_view_and_leaves_the_terminal_as_it_was(
    program: Program, runtime: Path, dialogue: Recording
) -> None:
    running = program.start("run", "--input", dialogue.path)
    wait_until(lambda: runtime.exists() and list(runtime.glob("*.json")), "the session's file")
    with in_terminal(program, "top") as terminal:
        terminal.shows(lambda: "Ctrl-C ends the view" in terminal.text(), "the view")
        terminal.type(b"\x03")
        assert terminal.end() == 130
        assert "Traceback" not in terminal.text()
        assert not terminal.screen.cursor.hidden
        assert b"\x1b[?1049l" in terminal.output
    assert running.process.poll() is None  # only the view was ended


def test_what_a_killed_session_left_behind_is_ignored_and_removed(
    program: Program, runtime: Path, dialogue: Recording
) -> None:
    running = program.start("run", "--input", dialogue.path)
    wait_until(lambda: runtime.exists() and list(runtime.glob("*.json")), "the session's file")
    running.kill()
    assert list(runtime.glob("*.json"))
    assert program("top").returncode == 1
    assert not list(runtime.iterdir())


def test_files_that_are_none_of_ours_are_left_alone(program: Program, runtime: Path) -> None:
    runtime.mkdir(mode=0o700)
    alive = runtime / f"{os.getpid()}.json"  # ours, but not a session
    for file in (alive, runtime / "notes.txt", runtime / "x.json"):
        file.write_text("{")
    (runtime / "4194305.json").write_text("{")  # beyond the largest process id there can be
    done = program("top")
    assert done.returncode == 1
    assert len(error_lines(done.stderr)) == 1
    assert sorted(file.name for file in runtime.iterdir()) == sorted(
        [alive.name, "notes.txt", "x.json"]
    )


def test_a_folder_that_others_can_use_is_not_trusted(
    program: Program, runtime: Path, silence: Recording
) -> None:
    runtime.mkdir()
    runtime.chmod(0o777)
    done = program("run", "--input", silence.path, "--pace", "max")
    assert done.returncode == 0  # it is not seen, but it runs
    assert not list(runtime.iterdir())
    assert program("top").returncode == 1
