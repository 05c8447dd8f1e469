"""``voicestand models``: what it prints, how it ends, and what a killed pull leaves."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.program import PATIENCE, Program, error_lines, wait_until
from tests.speech.faulty_server import FaultyServer

from voicestand.speech.models import manifest

NAME = "whisper-tiny-en"
"""A model without published checksums: its files may be anything."""
FILES = [file.path for file in manifest.find(NAME).files]
BODIES = {path: f"{path} {'.' * 50_000}" for path in FILES}
HELD = "openvino_decoder_model.bin"


@pytest.fixture
def mirror(server: FaultyServer) -> FaultyServer:
    """Has the model; it holds one of its files in the middle."""
    plan: dict[str, Any] = {
        f"/{NAME}/{path}": {"body": body, "etag": f'"{path}"'} for path, body in BODIES.items()
    }
    server.plan(plan | {f"/{NAME}/{HELD}": {**plan[f"/{NAME}/{HELD}"], "faults": [{"hold": 9000}]}})
    return server


def models_of(program: Program) -> Path:
    return program.home / ".cache" / "voicestand" / "models"


def listed(program: Program) -> dict[str, dict[str, Any]]:
    done = program("models", "list", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return {row["name"]: row for row in json.loads(done.stdout)}


def pull_until_held(program: Program, mirror: FaultyServer) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        program.command("models", "pull", NAME, "--from", mirror.url),
        env=program.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    parts = models_of(program) / ".parts"
    wait_until(
        lambda: any(path.stat().st_size == 9000 for path in parts.rglob("*.part")), "the part"
    )
    return process


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_pull_leaves_no_model_and_the_next_goes_on(
    program: Program, mirror: FaultyServer, number: signal.Signals
) -> None:
    process = pull_until_held(program, mirror)
    busy = program("models", "pull", NAME, "--from", mirror.url)
    assert busy.returncode == 1
    assert "another process" in error_lines(busy.stderr)[0]

    process.send_signal(number)
    output = process.communicate(timeout=PATIENCE)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert output[0] == ""
    row = listed(program)[NAME]
    assert (row["state"], row["path"]) == ("partial", None)
    assert row["arrived"] > 9000
    before = len(mirror.asked)

    done = program("models", "pull", NAME, "--from", mirror.url, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == [{"name": NAME, "path": str(models_of(program) / NAME)}]
    asked = mirror.asked[before:]
    assert asked[0] == {
        "path": f"/{NAME}/{HELD}",
        "Range": "bytes=9000-",
        "If-Range": f'"{HELD}"',
    }
    assert len(asked) == len(FILES) - FILES.index(HELD)
    there = {path: (models_of(program) / NAME / path).read_text() for path in FILES}
    assert there == BODIES
    row = listed(program)[NAME]
    assert (row["state"], row["checked"]) == ("present", False)


def test_list_says_what_there_is_and_remove_takes_it_away(program: Program, tmp_path: Path) -> None:
    assert {row["state"] for row in listed(program).values()} == {"absent"}
    assert all(row["licence"] and row["size"] > 0 for row in listed(program).values())
    folder = tmp_path / "stick" / NAME
    folder.mkdir(parents=True)
    for path in FILES:
        (folder / path).write_text(BODIES[path])
    done = program("models", "pull", NAME, "--from", folder.parent)
    assert done.returncode == 0
    assert "no checksums are published" in done.stderr
    own = models_of(program) / "my-own"
    own.mkdir()
    assert listed(program)["my-own"]["state"] == "present"
    table = program("models", "list").stdout
    assert "there" in table
    assert "my-own" in table
    done = program("models", "remove", "my-own", "another")
    assert done.returncode == 2
    assert own.exists()
    done = program("models", "remove", NAME, "my-own", NAME)
    assert (done.returncode, done.stderr) == (0, "")
    assert {row["state"] for row in listed(program).values()} == {"absent"}
    assert not own.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["pull", "whisper-tiny"], 2, "did you mean whisper-tiny-en"),
        (["pull", NAME, "--from", "/no/such/folder"], 2, "not from '/no/such/folder'"),
        (["pull"], 2, "NAME"),
        (["remove", NAME], 2, "is not there: there is none"),
        (["remove", "../../.."], 2, "not the name of a model"),
        (["pull", NAME, "--from", ""], 2, "not from ''"),
        (["pull", NAME, "--from", "http://127.0.0.1:1"], 1, "cannot be reached"),
    ],
)
def test_mistakes_and_failures_are_one_line(
    program: Program, arguments: list[str], code: int, says: str
) -> None:
    done = program("models", *arguments)
    assert done.returncode == code
    (line,) = error_lines(done.stderr)
    assert says in line
    assert done.stdout == ""


def test_without_a_network_one_line_says_so(program: Program) -> None:
    # A name that no resolver knows: what a machine without a network sees of every name.
    done = program("models", "pull", NAME, "--from", "https://models.invalid")
    assert done.returncode == 1
    assert "models.invalid cannot be reached" in error_lines(done.stderr)[0]


def test_progress_is_shown_in_a_terminal_only(program: Program, mirror: FaultyServer) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        program.command("models", "pull", NAME, "--from", mirror.url),
        env={**program.env, "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    shown = b""
    while b"49.0 MB" not in shown:
        shown += os.read(ours, 4096)
    mirror.go()
    try:
        while os.read(ours, 4096):
            pass
    except OSError:  # the program has ended
        pass
    os.close(ours)
    assert process.communicate()[0].startswith(NAME)
    assert process.returncode == 0
