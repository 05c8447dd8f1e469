"""A connection that only reads, also while others write and where nothing can be written."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec

from voicestand.errors import StorageError
from voicestand.journal import schema
from voicestand.journal.failure import storage_error


@contextmanager
def reading(folder: Path | None) -> Iterator[sqlite3.Connection | None]:
    """A connection to an up-to-date journal; None if there is nothing in it, or no journal.

    Raises ``StorageError`` for what fails while it is open, a record that cannot be decoded, too.
    """
    path = schema.journal_path(folder)
    try:
        path.stat()
        with _opened(path) as connection:
            version = schema.stored_version(connection, path)
            if version in (0, schema.VERSION):
                yield connection if version else None
                return
            # An older schema is brought up to date in memory: reading never changes the file.
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
                connection.backup(copy)
                schema.migrate(copy, path)
                yield copy
    except FileNotFoundError:
        yield None
    except msgspec.MsgspecError as error:
        raise StorageError(f"the journal {path} holds a record that is damaged: {error}") from error
    except (sqlite3.Error, OSError) as error:
        raise storage_error(error, path) from error


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        connection = _connect(path, "mode=ro")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
    else:
        with closing(connection):
            yield connection
        return
    # A reader of a write-ahead log shares an index file with the writers. Where it cannot be made
    # (a read-only disk, a backup of somebody else's) nobody writes either, so a copy is as good.
    # SQLite's own way out, immutable=1, leaves out what is in the log: the latest finals.
    with tempfile.TemporaryDirectory(prefix="voicestand-") as scratch:
        for part in (path, path.with_name(path.name + "-wal")):
            if part.exists():
                shutil.copyfile(part, Path(scratch) / part.name)
        with closing(_connect(Path(scratch) / path.name, "mode=rw")) as connection:
            yield connection


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{mode}",
        uri=True,
        timeout=schema.BUSY_SECONDS,
        isolation_level=None,
    )
    try:
        connection.execute("PRAGMA temp_store=MEMORY")  # nothing that was said in /var/tmp
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # opens it in earnest
    except BaseException:
        connection.close()
        raise
    return connection
