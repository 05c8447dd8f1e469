"""Where databases live: files of the user alone, in a folder of the user alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def data_folder(setting: Path | None) -> Path:
    """The folder that a setting names, by default ``$XDG_DATA_HOME/voicestand``.

    A relative ``XDG_DATA_HOME`` is ignored, as the XDG Base Directory Specification asks.
    """
    if setting is not None:
        return setting.expanduser().absolute()
    configured = Path(os.environ.get("XDG_DATA_HOME", ""))
    data = configured if configured.is_absolute() else Path.home() / ".local" / "share"
    return data / "voicestand"


def make_private_file(path: Path) -> None:
    """Makes the file's folder (0700) and an empty file in it (0600), both durable.

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
