"""``voicestand sessions``, from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from voicestand.journal import Journal

if TYPE_CHECKING:
    from tests.journal.conftest import Call

Voicestand = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def voicestand(tmp_path: Path) -> Voicestand:
    """The program with a home of its own."""
    environ = {name: value for name, value in os.environ.items() if name[:4] != "XDG_"}
    environ |= {"HOME": str(tmp_path), "TZ": "UTC"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-c", "from voicestand.cli import main; main()"]
        return subprocess.run(
            [*program, *arguments],
            capture_output=True,
            text=True,
            env=environ,
            cwd=tmp_path,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def recorded(tmp_path: Path, call: Call, another_call: Call) -> Path:
    """A journal with a complete session and a later one that was interrupted."""
    folder = tmp_path / ".local" / "share" / "voicestand"
    with Journal.open(folder) as book:
        book.begin(call.started())
        book.final(call.final(2, "it is too <expensive> \x1b[31m", channel="other"))
        book.final(call.final(1, "hello there"))
        book.final(call.final(3, ""))
        book.suggestion(call.suggestion(2))
        book.alert(call.alert(3))
        book.end(call.ended(3))
        book.begin(another_call.started())
        book.final(another_call.final(1, "we were cut off"))
    return folder


def test_empty_journal_is_no_error(voicestand: Voicestand) -> None:
    listed = voicestand("sessions", "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout == "No sessions yet: voicestand run records one.\n"
    assert json.loads(voicestand("sessions", "list", "--json").stdout) == []


@pytest.mark.usefixtures("recorded")
def test_list_names_every_session_and_how_it_ended(voicestand: Voicestand) -> None:
    interrupted, complete = json.loads(voicestand("sessions", "list", "--json").stdout)
    assert interrupted["session"] == interrupted["id"] == "0194-second"
    assert (interrupted["status"], interrupted["utterances"]) == ("interrupted", 1)
    assert complete == {
        "session": "0193-first",
        "id": "0193-first",
        "started_at": "2026-11-20T21:00:00+01:00",
        "duration": 72.5,
        "utterances": 3,
        "status": "complete",
        "source": "call.wav",
        "engine": "pocketsphinx",
    }
    lines = voicestand("sessions", "list").stdout.splitlines()
    assert lines[1].split() == ["0194-second", "2026-11-20", "20:00", "0:01", "1", "interrupted"]
    assert lines[2].split() == ["0193-first", "2026-11-20", "20:00", "1:12", "3", "complete"]


@pytest.mark.usefixtures("recorded")
def test_show_tells_who_said_what_and_what_was_advised(voicestand: Voicestand) -> None:
    shown = voicestand("sessions", "show", "0193")
    assert (shown.returncode, shown.stderr) == (0, "")
    spoken = [line.split(maxsplit=1)[1] for line in shown.stdout.splitlines()[6:10]]
    assert spoken == [
        "self   hello there",
        "other  it is too <expensive> \N{REPLACEMENT CHARACTER}[31m",
        "Ask what they compare it with.",
        "warning: The recognizer was restarted.",
    ]
    detail = json.loads(voicestand("sessions", "show", "0193", "--json").stdout)
    assert detail["session"] == detail["id"] == "0193-first"
    assert detail["utterances"][0]["text"] == "hello there"
    assert detail["ended"]["frames_lost"] == 0


@pytest.mark.usefixtures("recorded")
def test_export_writes_every_format(voicestand: Voicestand, tmp_path: Path) -> None:
    text = voicestand("sessions", "export", "0194").stdout
    assert text == "self: we were cut off\n"
    assert voicestand("sessions", "export", "0194", "--format", "txt").stdout == text
    srt = voicestand("sessions", "export", "0193", "--format", "srt").stdout
    assert srt.startswith("1\n00:00:01,000 --> 00:00:01,500\nself: hello there\n\n2\n")
    vtt = voicestand("sessions", "export", "0193", "--format", "vtt").stdout
    assert vtt.startswith("WEBVTT\n\n00:00:01.000 --> 00:00:01.500\n<v self>hello there\n\n")
    done = voicestand("sessions", "export", "0193", "--format", "json", "--output", "call.json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(json.loads((tmp_path / "call.json").read_text())) == 3


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["show", "0199"], "did you mean"),
        (["show", "019"], "could be 0194-second or 0193-first"),
        (["export", "0193", "--format", "pdf"], "'pdf' is not one of"),
        (["export", "0193", "--output", "absent/call.txt"], "cannot write absent/call.txt"),
    ],
)
def test_mistake_is_one_line_and_exit_2(
    voicestand: Voicestand, arguments: list[str], complaint: str
) -> None:
    done = voicestand("sessions", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


def test_damaged_journal_is_one_line_and_exit_1(voicestand: Voicestand, recorded: Path) -> None:
    (recorded / "journal.sqlite3").write_bytes(b"garbage\n" * 1000)
    done = voicestand("sessions", "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is damaged" in done.stderr
    assert done.stderr.count("\n") == 1


def test_folder_of_the_settings_is_read(voicestand: Voicestand, tmp_path: Path, call: Call) -> None:
    with Journal.open(tmp_path / "elsewhere") as book:
        book.begin(call.started())
    (tmp_path / ".config" / "voicestand").mkdir(parents=True)
    file = tmp_path / ".config" / "voicestand" / "config.toml"
    file.write_text(f'[journal]\nfolder = "{tmp_path}/elsewhere"\n')
    (listed,) = json.loads(voicestand("sessions", "list", "--json").stdout)
    assert listed["id"] == call.session
