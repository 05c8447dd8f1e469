"""A connection that writes: durable, its schema up to date."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from voicestand.database.schema import Schema, migrate

CACHE_KIB = 256
"""Of pages; SQLite's own choice is 2,000. A writer that appends needs few of them, and the memory
of a session of hours grew for as long as they filled."""

BUSY_SECONDS = 5.0
"""How long a statement waits for another process that writes; a commit takes milliseconds."""


def connect(path: Path, schema: Schema) -> sqlite3.Connection:
    """Opens the file at ``path`` for durable writes, from any thread; migrates an older schema.

    Raises ``sqlite3.Error``, and ``StorageError`` for a schema that is newer than this program.
    """
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        _switch_to_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        # Else VACUUM writes a copy of everything to the disk of /var/tmp, which may be another.
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute(f"PRAGMA cache_size={-CACHE_KIB}")
        migrate(connection, path, schema)
    except BaseException:
        connection.close()
        raise
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Write-ahead logging, once in a file's life: readers and a writer do not block each other."""
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            # SQLite does not wait here: the switch reads first and then asks for the write lock,
            # which it refuses at once if another has it. Of 8 programs that make a file at the
            # same moment about one in a hundred would fail.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
        time.sleep(0.01)
