"""Where running processes of one user meet, and nobody else."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

_OWN = "set XDG_RUNTIME_DIR to a folder of your own"


def runtime_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """``$XDG_RUNTIME_DIR/voicestand``; without that variable a folder of the user's in ``/tmp``."""
    base = environ.get("XDG_RUNTIME_DIR")
    if base:
        return Path(base) / "voicestand"
    return Path(tempfile.gettempdir()) / f"voicestand-{os.getuid()}"


def private_folder(folder: Path, *, make: bool = True) -> Path:
    """``folder``, which only this user may use.

    Raises ``OSError`` for one that cannot be made, and for one that others may use or prepared; its
    text ends in what to do.
    """
    try:
        if make:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise type(error)(f"{error.filename}: {error.strerror}: {_OWN}") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{folder} is no folder of this user's: {_OWN}")
    if found.st_mode & 0o077:
        raise PermissionError(f"{folder} is open to other users: chmod 700 {folder}")
    return folder
