"""One state of the store, with what a search needs to know of it."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from voicestand.database.snapshot import reading
from voicestand.knowledge.lexical import Lexicon
from voicestand.knowledge.schema import SCHEMA

if TYPE_CHECKING:
    from voicestand.knowledge.vectors import Vectors


class View:
    """The file at ``path`` as it is now; for one thread at a time. Raises ``StorageError``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = _identity(path)
        self._open = ExitStack()
        self.connection = self._open.enter_context(reading(path, SCHEMA))
        """None: nothing is there."""
        self._version = _data_version(self.connection)
        try:
            self.lexicon = None if self.connection is None else Lexicon(self.connection)
        except BaseException:
            self._open.close()
            raise
        self._vectors: Vectors | None = None

    def is_current(self) -> bool:
        """Whether the file is still as it was; raises ``sqlite3.Error`` where it cannot tell."""
        if _identity(self._path) != self._identity:
            return False
        # Without a connection the file had nothing in it; whether it has now is seen by opening it.
        return (
            self._identity is None
            if self.connection is None
            else (_data_version(self.connection) == self._version)
        )

    def vectors(self, model: str) -> Vectors | None:
        """Those that ``model`` made; None if there are none. Loaded once."""
        if self.connection is None:
            return None
        if self._vectors is None or self._vectors.model != model:
            from voicestand.knowledge.vectors import Vectors

            self._vectors = Vectors.load(self.connection, model)
        return self._vectors if len(self._vectors) else None

    def close(self) -> None:
        """Frees what it holds."""
        if self.lexicon is not None:
            self.lexicon.close()
        self._open.close()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _data_version(connection: sqlite3.Connection | None) -> object:
    """Differs after another connection has written."""
    if connection is None:
        return None
    return connection.execute("PRAGMA data_version").fetchone()[0]
