"""Deleting: what was said is in no byte of the journal's files, and all else is as it was."""

from __future__ import annotations

import os
import random
import sqlite3
import string
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from voicestand import journal
from voicestand.errors import InputError, StorageError
from voicestand.events import Word
from voicestand.journal import Journal, erasure, schema

if TYPE_CHECKING:
    from tests.journal.conftest import Call

SECRET = "xylophonist"
"""A word of whose end no stem takes anything, and whose beginning an index may share out."""


def bytes_with(folder: Path, secret: str = SECRET) -> list[str]:
    """The files in which the word, or what any index would keep of it, can be read."""
    needle = secret[4:9].encode()
    return [file.name for file in folder.iterdir() if needle in file.read_bytes()]


def record(book: Journal, call: Call, secret: str, finals: int = 60) -> None:
    dice = random.Random(call.session)
    book.begin(call.started())
    for number in range(finals):
        filler = " ".join("".join(dice.choices(string.ascii_lowercase, k=6)) for _ in range(12))
        words = [Word(text=secret, start=0.0, end=1.0)]
        book.final(call.final(number, f"{filler} {secret} {filler}", words=words))
        book.suggestion(call.suggestion(number))
    book.metrics(call.metrics(1))
    book.end(call.ended(finals))


def integrity(folder: Path) -> None:
    """The tables, their references and the index of words agree with each other."""
    with closing(sqlite3.connect(folder / schema.FILE_NAME)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        # With rank 1 the index is also compared with the texts it is of.
        connection.execute(
            "INSERT INTO utterance_text (utterance_text, rank) VALUES ('integrity-check', 1)"
        )


@pytest.mark.parametrize("finals", [2, 60])  # few: no part of the index is merged by itself
def test_nothing_that_was_said_can_be_read_after_a_delete(
    tmp_path: Path, call: Call, another_call: Call, finals: int
) -> None:
    with Journal.open(tmp_path) as book:
        record(book, another_call, "bassoonist", finals=finals)
        record(book, call, SECRET, finals=finals)
    assert bytes_with(tmp_path) == [schema.FILE_NAME]  # else nothing is tested
    journal.delete([call.session], tmp_path)
    assert bytes_with(tmp_path) == []
    assert [record.id for record in journal.sessions(tmp_path)] == [another_call.session]
    assert len(journal.search("bassoonist", tmp_path, limit=100)) == finals
    integrity(tmp_path)


def test_nothing_can_be_read_while_another_session_is_being_recorded(
    tmp_path: Path, call: Call, another_call: Call
) -> None:
    with Journal.open(tmp_path) as book:
        record(book, call, SECRET)
        book.begin(another_call.started())
        book.final(another_call.final(0, "still here"))
        assert f"{schema.FILE_NAME}-wal" in bytes_with(tmp_path)
        journal.delete([call.session], tmp_path)
        assert bytes_with(tmp_path) == []
        assert book.final(another_call.final(1, "and going on"))
    assert [hit.text for hit in journal.search("going", tmp_path)] == ["and going on"]
    integrity(tmp_path)


def test_deleted_session_can_be_recorded_anew_under_its_number(tmp_path: Path, call: Call) -> None:
    with Journal.open(tmp_path) as book:
        record(book, call, SECRET)
    journal.delete([call.session], tmp_path)
    assert journal.search(SECRET, tmp_path) == []
    with Journal.open(tmp_path) as book:
        record(book, call, "oboist", finals=3)
    assert len(journal.search("oboist", tmp_path)) == 3
    assert journal.search(SECRET, tmp_path) == []
    integrity(tmp_path)


def test_session_of_a_live_process_is_refused_and_nothing_is_deleted(
    tmp_path: Path, call: Call, another_call: Call
) -> None:
    with Journal.open(tmp_path) as book:
        record(book, another_call, SECRET, finals=1)
        book.begin(call.started())
        with pytest.raises(InputError, match=f"0193-first is being recorded .* {os.getpid()}:"):
            journal.delete([another_call.session, call.session], tmp_path)
        assert len(journal.sessions(tmp_path)) == 2
    journal.delete([another_call.session, call.session], tmp_path)  # it was closed
    assert journal.sessions(tmp_path) == []


def test_session_that_another_program_deleted_counts_as_deleted(tmp_path: Path) -> None:
    Journal.open(tmp_path).close()
    journal.delete(["absent"], tmp_path)


@contextmanager
def _reader(folder: Path) -> Iterator[None]:
    """Somebody who looks at the journal for long."""
    with closing(sqlite3.connect(folder / schema.FILE_NAME, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM utterance").fetchone()
        yield


def test_delete_that_a_reader_keeps_from_the_bytes_says_so_and_is_finished_later(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicestand.database.connection.BUSY_SECONDS", 0.1)
    with Journal.open(tmp_path) as book:
        record(book, call, SECRET)
    with _reader(tmp_path):
        with pytest.raises(
            StorageError, match=r"are deleted, but .* another program reads .* the next"
        ):
            journal.delete([call.session], tmp_path)
        assert journal.sessions(tmp_path) == []
        assert bytes_with(tmp_path) != []
        Journal.open(tmp_path).close()  # cannot finish it either, and is not kept from its work
    Journal.open(tmp_path).close()
    assert bytes_with(tmp_path) == []


def _unerased(folder: Path) -> int:
    with closing(sqlite3.connect(folder / schema.FILE_NAME)) as connection:
        return int(connection.execute("SELECT count(*) FROM unerased").fetchone()[0])


@pytest.mark.parametrize("finish", [Journal.open, lambda folder: journal.delete([], folder)])
def test_delete_that_was_cut_off_before_the_bytes_is_finished_by_the_next_writer(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch, finish: Callable[[Path], object]
) -> None:
    with Journal.open(tmp_path) as book:
        record(book, call, SECRET)
    with monkeypatch.context() as patch:
        patch.setattr(erasure, "_erase", lambda connection, path: None)
        journal.delete([call.session], tmp_path)
    size = (tmp_path / schema.FILE_NAME).stat().st_size
    assert _unerased(tmp_path) == 1
    finish(tmp_path)
    assert _unerased(tmp_path) == 0
    assert bytes_with(tmp_path) == []
    assert (tmp_path / schema.FILE_NAME).stat().st_size < size


def test_sessions_are_chosen_by_id_and_by_when_they_began(
    tmp_path: Path, call: Call, another_call: Call
) -> None:
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        book.begin(another_call.started())

    def chosen(*identifiers: str, before: float = float("inf")) -> list[str]:
        return [record.id for record in journal.select(identifiers, tmp_path, before=before)]

    began = 1795204800.0
    assert chosen() == ["0194-second", "0193-first"]
    assert chosen("0193", "0194", "0193-first") == ["0193-first", "0194-second"]
    assert chosen(before=began) == []
    assert chosen(before=began + 1) == ["0194-second", "0193-first"]
    assert chosen("0193", before=began + 1) == ["0193-first"]
    with pytest.raises(InputError, match="no session 'zzz'"):
        chosen("0193", "zzz")
