"""A database's tables, and how an older file is brought up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from voicestand.errors import StorageError


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is to hold, and how messages speak of it."""

    name: str
    """What a user calls it, e.g. ``journal``."""
    setting: str
    """The setting that names its folder, e.g. ``journal.folder``."""
    migrations: tuple[tuple[str, ...], ...]
    """Each entry brings the schema from its index to the next version and is never edited once
    released: a change is a new entry."""

    @property
    def version(self) -> int:
        """The version that this program writes."""
        return len(self.migrations)


def stored_version(connection: sqlite3.Connection, path: Path, schema: Schema) -> int:
    """The version of the schema in the file, 0 for an empty one.

    Raises ``StorageError`` if it is newer than this program.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > schema.version:
        raise StorageError(
            f"the {schema.name} {path} was written by a newer VoiceStand (schema {version}, this "
            f"program knows {schema.version}): update VoiceStand, or set {schema.setting} to "
            "another folder"
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    """Brings the schema up to date in one transaction; another process may try at the same time.

    Raises ``StorageError`` for a newer schema, ``sqlite3.Error`` for what SQLite reports.
    """
    if stored_version(connection, path, schema) == schema.version:
        return
    with transaction(connection):
        # Read again: whoever held the lock before may have done it.
        for statements in schema.migrations[stored_version(connection, path, schema) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {schema.version}")


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
