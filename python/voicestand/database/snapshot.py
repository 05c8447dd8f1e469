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

from voicestand.database.connection import BUSY_SECONDS
from voicestand.database.failure import storage_error
from voicestand.database.schema import Schema, migrate, stored_version
from voicestand.errors import StorageError


@contextmanager
def reading(path: Path, schema: Schema) -> Iterator[sqlite3.Connection | None]:
    """A connection to an up-to-date file; None if there is nothing in it, or no file.

    For any thread, but one at a time.

    Raises ``StorageError`` for what fails while it is open, a record that cannot be decoded, too.
    """
    try:
        path.stat()
        with _opened(path) as connection:
            version = stored_version(connection, path, schema)
            if version in (0, schema.version):
                yield connection if version else None
                return
            # An older schema is brought up to date in memory: reading never changes the file.
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
                connection.backup(copy)
                migrate(copy, path, schema)
                yield copy
    except FileNotFoundError:
        yield None
    except msgspec.MsgspecError as error:
        raise StorageError(
            f"the {schema.name} {path} holds a record that is damaged: {error}"
        ) from error
    except (sqlite3.Error, OSError) as error:
        raise storage_error(error, path, schema) from error


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
    # SQLite's own way out, immutable=1, leaves out what is in the log: the latest writes.
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
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA temp_store=MEMORY")  # nothing of it in /var/tmp
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # opens it in earnest
    except BaseException:
        connection.close()
        raise
    return connection
