"""Deleting sessions, so that nothing that was said can be read from the journal's files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from voicestand.database.connection import connect
from voicestand.database.failure import storage_error
from voicestand.database.schema import transaction
from voicestand.errors import InputError, StorageError
from voicestand.journal import process, recordings, schema


def delete(identifiers: Iterable[str], folder: Path | None = None) -> None:
    """Deletes sessions by their whole ids, all or none; one that is not there counts as deleted.

    Without ids it finishes what an earlier one could not.
    Once this returns, no byte of the journal's files tells what was said. Raises ``InputError`` if
    a live process writes one of them, ``StorageError`` if nothing could be deleted, or if the
    sessions are gone but their bytes are not: then the next program that opens the journal for
    writing goes on with that.
    """
    path = schema.journal_path(folder)
    if not path.exists():
        return
    with _writing(path) as connection:
        with transaction(connection):
            for identifier in identifiers:
                _delete(connection, identifier)
            # The index keeps what was deleted until its parts are merged.
            connection.execute("INSERT INTO utterance_text (utterance_text) VALUES ('optimize')")
            connection.execute("INSERT INTO unerased DEFAULT VALUES")
        try:
            _erase(connection, path)
        except (sqlite3.Error, OSError, StorageError) as error:
            if not isinstance(error, StorageError):
                error = storage_error(error, path, schema.SCHEMA)
            raise StorageError(
                "the sessions are deleted, but their bytes may still be in free parts of the file: "
                f"{error}; the next voicestand run finishes this"
            ) from None


def finish(connection: sqlite3.Connection, path: Path) -> None:
    """Goes on with what an earlier ``delete`` could not finish; if that fails, later once more."""
    with suppress(sqlite3.Error, OSError, StorageError):
        if connection.execute("SELECT 1 FROM unerased").fetchone():
            _erase(connection, path)


def _delete(connection: sqlite3.Connection, identifier: str) -> None:
    row = connection.execute(
        "SELECT number, writer FROM session WHERE id = ?", (identifier,)
    ).fetchone()
    if row is None:
        return
    number, writer = row
    if writer is not None and process.is_alive(writer):
        raise InputError(
            f"session {identifier} is being recorded by process {process.pid(writer)}: "
            "end it first, nothing was deleted"
        )
    connection.execute("DELETE FROM session WHERE number = ?", (number,))  # the rest follows it


class _Recorded:
    """The sessions in the table, asked one by one: another program may begin one meanwhile."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __contains__(self, identifier: object) -> bool:
        found = self._connection.execute("SELECT 1 FROM session WHERE id = ?", (identifier,))
        return found.fetchone() is not None


def _erase(connection: sqlite3.Connection, path: Path) -> None:
    """Erases recordings without a session, writes the file anew and empties the log.

    Then only what is in the tables is in either.
    """
    # A session is in the table before it is recorded, so what is not there nobody records.
    recordings.keep_only(path, _Recorded(connection))
    connection.execute("VACUUM")
    # The log gives its pages to the file only once nobody reads older ones; this waits for that.
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise StorageError(f"another program reads {path} for long (fuser {path} names it): end it")
    connection.execute("DELETE FROM unerased")


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(connect(path, schema.SCHEMA)) as connection:
            connection.execute("PRAGMA secure_delete=ON")
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise storage_error(error, path, schema.SCHEMA) from error
