"""``voicestand sessions``, from outside."""

from __future__ import annotations

import json
import os
import pty
import select
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from voicestand import journal
from voicestand.journal import Journal, erasure, spool
from voicestand.journal.schema import FILE_NAME
from voicestand.journal.spool import About, SpoolFile

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
        "waiting": 0,
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
def test_export_of_all_sessions_is_a_file_each_or_one_table(
    voicestand: Voicestand, tmp_path: Path
) -> None:
    done = voicestand("sessions", "export", "--all", "--format", "vtt", "--output", "calls")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    written = sorted(file.name for file in (tmp_path / "calls").iterdir())
    assert written == ["0193-first.vtt", "0194-second.vtt"]
    table = voicestand("sessions", "export", "0193", "0194", "--format", "csv").stdout
    assert len(table.splitlines()) == 5
    assert (
        voicestand("sessions", "export", "--all", "--format", "md").stdout.count("# Call of") == 2
    )


@pytest.mark.usefixtures("recorded")
def test_search_prints_where_it_was_said_with_the_hit_marked(voicestand: Voicestand) -> None:
    done = voicestand("sessions", "search", "expensive")
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    origin, snippet = line.split("  other  ")
    assert origin.split() == ["0193-first", "2026-11-20", "20:00", "0:02"]
    assert snippet == "it is too <**expensive**> \N{REPLACEMENT CHARACTER}[31m"
    (hit,) = json.loads(voicestand("sessions", "search", '"cut off"', "--json").stdout)
    assert (hit["session"], hit["start"]) == ("0194-second", 1.0)
    assert hit["snippet"] == "we were **cut off**"


@pytest.mark.usefixtures("recorded")
def test_search_takes_words_phrases_and_filters(voicestand: Voicestand) -> None:
    def found(*arguments: str) -> int:
        return len(json.loads(voicestand("sessions", "search", *arguments, "--json").stdout))

    assert found("we", "cut off") == 1
    assert found("we", "off cut") == 0
    assert found("hel*", "--channel", "self") == 1
    assert found("hel*", "--channel", "other") == 0
    assert found("hel*", "--since", "2026-11-20") == 1
    assert found("hel*", "--since", "2026-11-20T20:30") == 0
    assert voicestand("sessions", "search", "nothing like it").stdout == ""


@pytest.mark.usefixtures("recorded")
def test_delete_without_a_terminal_wants_to_be_told(voicestand: Voicestand) -> None:
    refused = voicestand("sessions", "delete", "0193")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "1 session to delete and no terminal to ask on: give --yes" in refused.stderr
    done = voicestand("sessions", "delete", "0193", "--yes")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "Deleted 1 session.\n")
    assert len(json.loads(voicestand("sessions", "list", "--json").stdout)) == 1
    done = voicestand("sessions", "delete", "--before", "2020-01-01", "--yes")
    assert (done.returncode, done.stderr) == (0, "Nothing to delete.\n")
    assert voicestand("sessions", "delete", "--all", "--yes").returncode == 0
    assert json.loads(voicestand("sessions", "list", "--json").stdout) == []


def test_delete_of_nothing_finishes_an_earlier_one(
    voicestand: Voicestand, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(erasure, "_erase", lambda connection, path: None)
        journal.delete(["0193-first"], recorded)
    done = voicestand("sessions", "delete", "--before", "2020-01-01")
    assert (done.returncode, done.stderr) == (0, "Nothing to delete.\n")
    with closing(sqlite3.connect(recorded / FILE_NAME)) as connection:
        assert connection.execute("SELECT count(*) FROM unerased").fetchone() == (0,)


def test_who_reads_a_killed_session_is_told_what_waits(
    voicestand: Voicestand, recorded: Path
) -> None:
    about = About(
        session="0194-second", channel="self", utterance="self-9", start=0, speech_start=800
    )
    SpoolFile(spool.make_folder(recorded / FILE_NAME, about.session), about).close()
    waits = "1 utterance(s) of sessions that were killed wait"
    for command in (["list"], ["show", "0194"], ["show", "0194", "--json"], ["export", "0194"]):
        done = voicestand("sessions", *command)
        assert (done.returncode, done.stderr.startswith(waits)) == (0, True)
    assert voicestand("sessions", "show", "0193").stderr == ""


def test_recover_says_when_nothing_waits(voicestand: Voicestand, tmp_path: Path) -> None:
    done = voicestand("sessions", "recover")
    assert (done.returncode, done.stderr) == (0, "Nothing waits for its transcript.\n")
    assert not (tmp_path / ".local").exists()


def _answer(tmp_path: Path, answer: bytes) -> tuple[int, str]:
    """Runs the command on a terminal that types ``answer``; its exit code and what it showed."""
    command = [sys.executable, "-c", "from voicestand.cli import main; main()", "sessions"]
    pid, terminal = pty.fork()
    if pid == 0:
        environ = {name: value for name, value in os.environ.items() if name[:4] != "XDG_"}
        os.execve(
            sys.executable,
            [*command, "delete", "0193"],
            environ | {"HOME": str(tmp_path), "TERM": "dumb"},
        )
    shown = b""
    with suppress(OSError):  # the terminal is gone when the program is
        while True:
            # Also again: Python loses a Ctrl-C between the prompt and its reading of the line. But
            # not soon: a second one ends an interpreter that is just about to exit.
            quiet = 5.0 if shown.endswith(b"^C") else 0.5
            if not select.select([terminal], [], [], quiet)[0] and shown.endswith(
                (b"[y/N]: ", b"^C")
            ):
                os.write(terminal, answer)
                continue
            shown += os.read(terminal, 4096)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(
    ("answer", "code", "left"), [(b"y\n", 0, 1), (b"n\n", 1, 2), (b"\n", 1, 2), (b"\x03", 130, 2)]
)
def test_delete_in_a_terminal_asks(
    voicestand: Voicestand, tmp_path: Path, answer: bytes, code: int, left: int
) -> None:
    done, shown = _answer(tmp_path, answer)
    assert "0193-first" in shown
    assert "Delete 1 session for ever?" in shown
    assert done == code
    assert len(json.loads(voicestand("sessions", "list", "--json").stdout)) == left


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["show", "0199"], "did you mean"),
        (["show", "019"], "could be 0194-second or 0193-first"),
        (["export", "0193", "--format", "pdf"], "'pdf' is not one of"),
        (["export", "0193", "--output", "absent/call.txt"], "cannot write absent/call.txt"),
        (["export"], "which sessions? give their ids, or --all"),
        (["export", "0193", "--all"], "not both"),
        (["export", "--all", "--format", "srt"], "give --output DIR"),
        (["search", "-", "+"], "no word to look for"),
        (["search", "x", "--since", "yesterday"], "'yesterday' is no date: give 2026-11-20"),
        (["search", "x", "--limit", "0"], "--limit"),
        (["search", "x", "--channel", "slef"], "'slef' is not one of 'self', 'other'"),
        (["delete", "--yes"], "which sessions?"),
        (["delete", "0199", "--yes"], "did you mean"),
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
