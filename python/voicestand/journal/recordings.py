"""The audio of sessions, in folders by the journal.

``audio/SESSION/CHANNEL.flac`` where that is recorded, ``audio/SESSION/UTTERANCE.wav`` of what was
not understood, ``spool/SESSION/UTTERANCE.wav`` of what has no transcript yet.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterator
from pathlib import Path

from voicestand.journal import private_file

FOLDER = "audio"
SPOOL = "spool"


def make_folder(journal: Path, session: str) -> Path:
    """Makes the folder for a session that is in the ``journal`` (its file). Raises ``OSError``."""
    root = journal.parent / FOLDER
    root.mkdir(mode=0o700, exist_ok=True)
    folder = root / session
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def expire(journal: Path, days: float) -> None:
    """Erases the audio of sessions to which none was added for so many days; 0: none.

    Raises ``OSError``.
    """
    latest = time.time() - days * 86400
    for folder in _folders(journal) if days else ():
        if all(file.stat().st_mtime < latest for file in (folder, *folder.iterdir())):
            _erase(folder)


def keep_only(journal: Path, sessions: Container[str]) -> None:
    """Erases the audio of all others. Raises ``OSError``."""
    for folder in _folders(journal):
        if folder.name not in sessions:
            _erase(folder)


def _folders(journal: Path) -> Iterator[Path]:
    for name in (FOLDER, SPOOL):
        root = journal.parent / name
        if root.is_dir():
            yield from (folder for folder in root.iterdir() if folder.is_dir())


def _erase(folder: Path) -> None:
    for path in folder.iterdir():
        private_file.erase(path)
    folder.rmdir()
