"""A disk that is full, read-only, locked or damaged: one line that says what to do."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from voicestand import journal
from voicestand.database.schema import Schema
from voicestand.errors import StorageError
from voicestand.journal import Journal, schema

if TYPE_CHECKING:
    from tests.journal.conftest import Call, RunPython

FILL = """
import sys
from pathlib import Path
from voicestand import journal
from voicestand.errors import StorageError
from voicestand.events import SessionStarted, TranscriptFinal
from voicestand.journal import Journal

folder = Path(sys.argv[1])
book = Journal.open(folder)
book.begin(SessionStarted(session="s", t=0, version="1", started_at="", source="x",
    channels=["self"], sample_rate=16000, engine="e", vad_device="CPU"))

def final(number):
    return book.final(TranscriptFinal(session="s", t=number, channel="self", utterance=str(number),
        text="word " * 200, start=number, end=number + 1, engine="e", latency_ms=1, engine_ms=1,
        recognizer_ms=1))

acknowledged = 0
try:
    while acknowledged < 10_000:
        final(acknowledged)
        acknowledged += 1
except StorageError as error:
    print(error)
assert acknowledged > 10, acknowledged
assert len(journal.session("s", folder).utterances) == acknowledged
"""

READ = """
import sys
from pathlib import Path
from voicestand import journal
folder = Path(sys.argv[1])
print(*[final.text for record in journal.sessions(folder)
    for final in journal.session(record.id, folder).utterances], sep="\\n")
"""

WRITE = """
import sys
from pathlib import Path
from voicestand.errors import StorageError
from voicestand.journal import Journal
try:
    Journal.open(Path(sys.argv[1]))
except StorageError as error:
    print(error)
"""


def _one_line(error: object) -> str:
    message = str(error)
    assert "\n" not in message
    return message


def test_full_disk_loses_no_acknowledged_final(tmp_path: Path, on_small_disk: RunPython) -> None:
    done = on_small_disk(tmp_path, FILL)
    assert (done.returncode, done.stderr) == (0, "")
    assert "the disk is full" in done.stdout
    assert "free some space" in done.stdout


def test_journal_goes_on_once_there_is_space_again(
    tmp_path: Path, on_small_disk: RunPython
) -> None:
    free = "\n(folder / 'ballast').unlink()\nassert final(acknowledged)\nprint('went on')\n"
    ballast = FILL.replace("book =", "(folder / 'ballast').write_bytes(bytes(65536)); book =")
    done = on_small_disk(tmp_path, ballast + free)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("went on\n")


def test_file_size_limit_loses_no_acknowledged_final(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000)),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "check free space, quota, file-size limit" in done.stdout


def test_read_only_folder_is_named_when_writing(
    tmp_path: Path, on_read_only_disk: RunPython
) -> None:
    done = on_read_only_disk(tmp_path, WRITE)
    assert done.stderr == ""
    assert str(tmp_path) in done.stdout
    assert "make that folder writable" in done.stdout
    Journal.open(tmp_path).close()
    done = on_read_only_disk(tmp_path, WRITE)
    assert done.stderr == ""
    assert "make its folder writable" in done.stdout


@pytest.mark.parametrize("left_behind", [("-wal", "-shm"), ("-wal",), ()])
def test_read_only_folder_is_read_with_its_latest_finals(
    tmp_path: Path, call: Call, on_read_only_disk: RunPython, left_behind: tuple[str, ...]
) -> None:
    book = Journal.open(tmp_path)
    book.begin(call.started())
    book.final(call.final(1, "the latest"))
    if left_behind:
        # As after kill -9, or in a backup: the log was never merged into the file.
        files = {end: (tmp_path / f"journal.sqlite3{end}").read_bytes() for end in ("", "-wal")}
        shared = (tmp_path / "journal.sqlite3-shm").read_bytes()
        book.close()
        for end, content in (files | {"-shm": shared}).items():
            if end in ("", *left_behind):
                (tmp_path / f"journal.sqlite3{end}").write_bytes(content)
    else:
        book.close()
    done = on_read_only_disk(tmp_path, READ)
    assert (done.stdout, done.stderr) == ("the latest\n", "")


def test_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StorageError, match="Not a directory") as caught:
            Journal.open(folder)
        assert str(folder) in _one_line(caught.value)
        with pytest.raises(StorageError, match="Not a directory"):
            journal.sessions(folder)


def test_folder_that_no_one_can_make_is_named() -> None:
    with pytest.raises(StorageError, match=r"set journal.folder to another folder"):
        Journal.open(Path("/proc/voicestand"))


def test_journal_that_is_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite3").mkdir(mode=0o755)
    with pytest.raises(StorageError, match=r"journal.sqlite3"):
        Journal.open(tmp_path)
    with pytest.raises(StorageError, match=r"journal.sqlite3"):
        journal.sessions(tmp_path)


@pytest.mark.parametrize("damage", ["garbage", "header", "pages", "truncated"])
def test_damaged_journal_is_left_as_it_is_and_named(
    tmp_path: Path, call: Call, damage: str
) -> None:
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        for number in range(200):
            book.final(call.final(number))
    path = tmp_path / "journal.sqlite3"
    content = path.read_bytes()
    content = {
        "garbage": b"hello\n" * 4000,
        "header": b"\xff" * 100 + content[100:],
        "pages": content[:100] + b"\xff" * (len(content) - 100),
        "truncated": content[:6000],
    }[damage]
    path.write_bytes(content)
    for use in (Journal.open, journal.sessions):
        with pytest.raises(StorageError, match="is damaged") as caught:
            use(tmp_path)
        assert f"mv {path}" in _one_line(caught.value)
    assert path.read_bytes() == content


def test_record_that_cannot_be_decoded_is_named(tmp_path: Path, call: Call) -> None:
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as connection, connection:
        connection.execute("UPDATE session SET started = '{'")
    with pytest.raises(StorageError, match="a record that is damaged"):
        journal.sessions(tmp_path)


def test_locked_journal_is_named_and_writable_again_once_free(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicestand.database.connection.BUSY_SECONDS", 0.1)
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        with closing(sqlite3.connect(tmp_path / "journal.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageError, match=r"keeps the journal .* locked: close it"):
                book.final(call.final(1))
            assert journal.session(call.session, tmp_path).utterances == []  # readers go on
        assert book.final(call.final(1))
    assert len(journal.session(call.session, tmp_path).utterances) == 1


def test_program_that_opens_a_journal_while_another_makes_it_waits(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")  # in rollback mode: SQLite itself does not wait for this
        threading.Timer(0.2, other.execute, ["COMMIT"]).start()
        Journal.open(tmp_path).close()


def test_journal_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    Journal.open(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as connection:
        connection.execute(f"PRAGMA user_version = {schema.SCHEMA.version + 1}")
    for use in (Journal.open, journal.sessions):
        with pytest.raises(StorageError, match=r"newer VoiceStand .* update VoiceStand"):
            use(tmp_path)


@pytest.fixture
def newer_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """This program one schema later."""
    note = ("ALTER TABLE session ADD COLUMN note TEXT NOT NULL DEFAULT ''",)
    monkeypatch.setattr(schema, "SCHEMA", _later(note))


def _later(migration: tuple[str, ...]) -> Schema:
    return structs.replace(schema.SCHEMA, migrations=(*schema.MIGRATIONS, migration))


def _version(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


@pytest.fixture
def older_journal(tmp_path: Path, call: Call) -> Path:
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        book.final(call.final(1))
    return tmp_path


def test_older_journal_is_migrated_with_what_it_holds(
    older_journal: Path, request: pytest.FixtureRequest, call: Call
) -> None:
    request.getfixturevalue("newer_program")
    Journal.open(older_journal).close()
    assert _version(older_journal) == schema.SCHEMA.version
    assert len(journal.session(call.session, older_journal).utterances) == 1


def test_older_journal_is_read_without_being_changed(
    older_journal: Path, request: pytest.FixtureRequest, call: Call
) -> None:
    before = _version(older_journal)
    request.getfixturevalue("newer_program")
    assert len(journal.session(call.session, older_journal).utterances) == 1
    assert _version(older_journal) == before


def test_migration_that_fails_changes_nothing(
    older_journal: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    before = _version(older_journal)
    broken = ("ALTER TABLE session ADD COLUMN note TEXT", "ALTER TABLE nowhere ADD COLUMN x")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "SCHEMA", _later(broken))
        with pytest.raises(StorageError, match="no such table: nowhere"):
            Journal.open(older_journal)
    assert _version(older_journal) == before
    assert len(journal.session(call.session, older_journal).utterances) == 1
