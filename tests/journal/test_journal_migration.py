"""A journal of an earlier version is brought up to date with all that it holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.journal.test_journal_delete import integrity

from voicestand import journal
from voicestand.events import to_json
from voicestand.journal import Journal, schema

if TYPE_CHECKING:
    from tests.journal.conftest import Call

VERSION_1 = """
CREATE TABLE session (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, started TEXT NOT NULL,
    writer TEXT, ended TEXT);
CREATE TABLE utterance (number INTEGER PRIMARY KEY,
    session INTEGER NOT NULL REFERENCES session (number) ON DELETE CASCADE,
    id TEXT NOT NULL, channel TEXT NOT NULL, t REAL NOT NULL, start REAL NOT NULL,
    "end" REAL NOT NULL, text TEXT NOT NULL, words TEXT, engine TEXT NOT NULL,
    latency_ms REAL NOT NULL, engine_ms REAL NOT NULL, recognizer_ms REAL NOT NULL,
    UNIQUE (session, id));
CREATE TABLE event (number INTEGER PRIMARY KEY,
    session INTEGER NOT NULL REFERENCES session (number) ON DELETE CASCADE,
    type TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX event_session ON event (session);
CREATE TABLE metrics (session INTEGER PRIMARY KEY REFERENCES session (number) ON DELETE CASCADE,
    body TEXT NOT NULL);
PRAGMA user_version = 1;
"""
"""What the first version made, word for word but for its comments; nothing here is ever edited."""


def make_version_1(folder: Path, call: Call, finals: int = 20) -> None:
    """A journal as the first version wrote it: a complete session, and one that was killed."""
    with closing(sqlite3.connect(folder / schema.FILE_NAME, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(VERSION_1)
        for number, (identifier, ended) in enumerate(
            (("0193-first", to_json(call.ended(finals)).decode()), ("0193-killed", None)), 1
        ):
            started = to_json(type(call)(session=identifier).started()).decode()
            connection.execute(
                "INSERT INTO session VALUES (?, ?, ?, NULL, ?)",
                (number, identifier, started, ended),
            )
            connection.executemany(
                "INSERT INTO utterance VALUES (NULL, ?, ?, 'self', ?, ?, ?, ?, NULL,"
                " 'pocketsphinx', 612.5, 4.25, 108.25)",
                [
                    (number, f"u{said}", said + 0.75, said, said + 0.5, f"{identifier} says {said}")
                    for said in range(finals)
                ],
            )
            body = to_json(call.suggestion(1)).decode()
            connection.execute(
                "INSERT INTO event VALUES (NULL, ?, 'coach.suggestion', ?)", (number, body)
            )


@pytest.fixture
def version_1(tmp_path: Path, call: Call) -> Path:
    make_version_1(tmp_path, call)
    return tmp_path


def _version(folder: Path) -> int:
    with closing(sqlite3.connect(folder / schema.FILE_NAME)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_first_versions_statements_are_still_the_first_migration() -> None:
    with closing(sqlite3.connect(":memory:")) as ours, closing(sqlite3.connect(":memory:")) as old:
        for statement in schema.MIGRATIONS[0]:
            ours.execute(statement)
        old.executescript(VERSION_1)
        for table in ("session", "utterance", "event", "metrics"):
            for about in ("table_info", "foreign_key_list", "index_list"):
                pragma = f"PRAGMA {about}({table})"
                assert ours.execute(pragma).fetchall() == old.execute(pragma).fetchall()


def test_journal_of_the_first_version_is_migrated_and_can_be_searched(
    version_1: Path, call: Call, another_call: Call
) -> None:
    before = [journal.session(record.id, version_1) for record in journal.sessions(version_1)]
    with Journal.open(version_1) as book:
        assert _version(version_1) == schema.SCHEMA.version
        book.begin(another_call.started())
        book.final(another_call.final(1, "the newest says so"))
    after = [journal.session(record.id, version_1) for record in journal.sessions(version_1)]
    assert after[1:] == before
    assert [len(detail.utterances) for detail in before] == [20, 20]
    assert [hit.session for hit in journal.search("killed 7", version_1)] == ["0193-killed"]
    assert len(journal.search("says", version_1, limit=100)) == 41
    integrity(version_1)


def test_when_an_older_session_began_is_known_to_the_search(version_1: Path) -> None:
    Journal.open(version_1).close()
    began = 1795204800.0
    assert len(journal.search("says", version_1, since=began, limit=100)) == 40
    assert len(journal.search("says", version_1, since=began + 15, limit=100)) == 10


def test_journal_of_the_first_version_is_searched_without_being_changed(version_1: Path) -> None:
    assert len(journal.search("says", version_1, limit=100)) == 40
    assert _version(version_1) == 1


def test_older_session_is_deleted_from_the_bytes_too(version_1: Path) -> None:
    journal.delete(["0193-killed"], version_1)
    assert [record.id for record in journal.sessions(version_1)] == ["0193-first"]
    assert b"killed" not in (version_1 / schema.FILE_NAME).read_bytes()
    integrity(version_1)


def test_damaged_record_of_the_first_version_does_not_keep_it_from_being_migrated(
    version_1: Path,
) -> None:
    with closing(sqlite3.connect(version_1 / schema.FILE_NAME)) as connection, connection:
        connection.execute("UPDATE session SET started = '{' WHERE id = '0193-killed'")
    Journal.open(version_1).close()
    assert _version(version_1) == schema.SCHEMA.version
