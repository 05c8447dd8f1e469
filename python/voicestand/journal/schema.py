"""Where the journal lives, what its tables are, and how an older one is brought up to date."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voicestand.errors import StorageError

FILE_NAME = "journal.sqlite3"

BUSY_SECONDS = 5.0
"""How long a statement waits for another process that writes; a commit takes milliseconds."""

# Each entry brings the schema from its index to the next version and is never edited once
# released: a change is a new entry. Events that are only ever read whole are kept as their JSON.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE session (
            number  INTEGER PRIMARY KEY,
            id      TEXT NOT NULL UNIQUE,
            started TEXT NOT NULL,          -- session.started
            writer  TEXT,                   -- the process that writes it; NULL once it is closed
            ended   TEXT                    -- session.ended; NULL: still running, or interrupted
        )
        """,
        """
        CREATE TABLE utterance (            -- transcript.final, in order of arrival
            number        INTEGER PRIMARY KEY,
            session       INTEGER NOT NULL REFERENCES session (number) ON DELETE CASCADE,
            id            TEXT NOT NULL,
            channel       TEXT NOT NULL,
            t             REAL NOT NULL,
            start         REAL NOT NULL,
            "end"         REAL NOT NULL,
            text          TEXT NOT NULL,
            words         TEXT,             -- JSON; NULL: the engine states none
            engine        TEXT NOT NULL,
            latency_ms    REAL NOT NULL,
            engine_ms     REAL NOT NULL,
            recognizer_ms REAL NOT NULL,
            UNIQUE (session, id)
        )
        """,
        """
        CREATE TABLE event (                -- coach.suggestion and engine.alert
            number  INTEGER PRIMARY KEY,
            session INTEGER NOT NULL REFERENCES session (number) ON DELETE CASCADE,
            type    TEXT NOT NULL,
            body    TEXT NOT NULL
        )
        """,
        "CREATE INDEX event_session ON event (session)",
        """
        CREATE TABLE metrics (              -- the latest coach.metrics
            session INTEGER PRIMARY KEY REFERENCES session (number) ON DELETE CASCADE,
            body    TEXT NOT NULL
        )
        """,
    ),
    (
        # session.started's wall time as seconds since 1970; NULL: it states none.
        "ALTER TABLE session ADD COLUMN began REAL",
        """
        UPDATE session SET began = CASE WHEN json_valid(started) THEN
            round((julianday(json_extract(started, '$.started_at')) - 2440587.5) * 86400, 3) END
        """,
        # Only the index: the text is read from the table, and what is deleted there leaves nothing.
        """
        CREATE VIRTUAL TABLE utterance_text USING fts5 (
            text, content = 'utterance', content_rowid = 'number',
            tokenize = 'porter unicode61 remove_diacritics 2'
        )
        """,
        "INSERT INTO utterance_text (utterance_text) VALUES ('rebuild')",
        """
        CREATE TRIGGER utterance_inserted AFTER INSERT ON utterance BEGIN
            INSERT INTO utterance_text (rowid, text) VALUES (new.number, new.text);
        END
        """,
        """
        CREATE TRIGGER utterance_deleted AFTER DELETE ON utterance BEGIN
            INSERT INTO utterance_text (utterance_text, rowid, text)
                VALUES ('delete', old.number, old.text);
        END
        """,
        """
        CREATE TRIGGER utterance_updated AFTER UPDATE OF number, text ON utterance BEGIN
            INSERT INTO utterance_text (utterance_text, rowid, text)
                VALUES ('delete', old.number, old.text);
            INSERT INTO utterance_text (rowid, text) VALUES (new.number, new.text);
        END
        """,
        # A row while what was deleted may still be read from the bytes of the files.
        "CREATE TABLE unerased (since TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)",
    ),
    (
        # 1: transcribed after the program was killed.
        "ALTER TABLE utterance ADD COLUMN recovered INTEGER NOT NULL DEFAULT 0",
        # Why the recognizer had no word on it, and where its audio is, from the journal's folder.
        "ALTER TABLE utterance ADD COLUMN failed TEXT",
        "ALTER TABLE utterance ADD COLUMN audio TEXT",
    ),
)

VERSION = len(MIGRATIONS)


def journal_path(folder: Path | None) -> Path:
    """The journal's file in ``folder``, by default ``$XDG_DATA_HOME/voicestand``.

    A relative ``XDG_DATA_HOME`` is ignored, as the XDG Base Directory Specification asks.
    """
    if folder is not None:
        return folder.expanduser().absolute() / FILE_NAME
    configured = Path(os.environ.get("XDG_DATA_HOME", ""))
    data = configured if configured.is_absolute() else Path.home() / ".local" / "share"
    return data / "voicestand" / FILE_NAME


def make_private_file(path: Path) -> None:
    """Makes the journal's folder (0700) and an empty file in it (0600), both durable.

    Folders above, and a folder that was there before, keep their mode. SQLite gives ``-wal`` and
    ``-shm`` the mode of the file. Raises ``OSError``.
    """
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(folder.parent)
    try:
        # Not open(): closing any descriptor of the file would drop every POSIX lock that a
        # connection of this same process holds on it.
        os.mknod(path, 0o600 | stat.S_IFREG)
        _sync_folder(path.parent)
    except FileExistsError:
        found = path.stat()
        if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_mode & 0o077:
            path.chmod(0o600)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def stored_version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the schema in the file, 0 for an empty one.

    Raises ``StorageError`` if it is newer than this program.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise StorageError(
            f"the journal {path} was written by a newer VoiceStand (schema {version}, this program "
            f"knows {VERSION}): update VoiceStand, or set journal.folder to another folder"
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Brings the schema up to date in one transaction; another process may try at the same time.

    Raises ``StorageError`` for a newer schema, ``sqlite3.Error`` for what SQLite reports.
    """
    if stored_version(connection, path) == VERSION:
        return
    with transaction(connection):
        # Read again: whoever held the lock before may have done it.
        for statements in MIGRATIONS[stored_version(connection, path) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Holds the write lock; all that is done within is there afterwards, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
