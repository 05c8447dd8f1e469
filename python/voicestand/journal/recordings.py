"""The audio of sessions, where that is recorded: ``audio/SESSION/CHANNEL.flac`` by the journal."""

from __future__ import annotations

import os
import time
from collections.abc import Container, Iterator
from pathlib import Path

_CHUNK = 1 << 20


def make_folder(journal: Path, session: str) -> Path:
    """Makes the folder for a session that is in the ``journal`` (its file). Raises ``OSError``."""
    _root(journal).mkdir(mode=0o700, exist_ok=True)
    folder = _root(journal) / session
    folder.mkdir(mode=0o700)
    return folder


def expire(journal: Path, days: float) -> None:
    """Erases recordings to which nothing was added for so many days; 0: none.

    Raises ``OSError``.
    """
    latest = time.time() - days * 86400
    for folder in _folders(journal) if days else ():
        if all(file.stat().st_mtime < latest for file in (folder, *folder.iterdir())):
            _erase(folder)


def keep_only(journal: Path, sessions: Container[str]) -> None:
    """Erases the recordings of all others. Raises ``OSError``."""
    for folder in _folders(journal):
        if folder.name not in sessions:
            _erase(folder)


def _root(journal: Path) -> Path:
    return journal.parent / "audio"


def _folders(journal: Path) -> Iterator[Path]:
    root = _root(journal)
    if root.is_dir():
        yield from (folder for folder in root.iterdir() if folder.is_dir())


def _erase(folder: Path) -> None:
    """Overwrites each file before it goes, as far as the file system writes in place."""
    for path in folder.iterdir():
        with path.open("r+b", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            for begin in range(0, size, _CHUNK):
                file.write(bytes(min(_CHUNK, size - begin)))
            os.fsync(file.fileno())
        path.unlink()
    folder.rmdir()
