"""Files that tell what was said: whole or not there, and for the user alone."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from voicestand.errors import InputError, StorageError

_CHUNK = 1 << 20


def save(text: str, path: Path) -> None:
    """Writes a file (0600) in place of one that is there, which stays as it is if that fails.

    What is no ordinary file, such as a pipe, is written as it is. Raises ``InputError`` if the file
    cannot be made, ``StorageError`` if it cannot be filled.
    """
    target = path.resolve() if path.is_symlink() else path
    if target.exists() and not target.is_file():
        _write_into(text, target)
        return
    try:
        # Made for the user alone, whatever the umask is.
        descriptor, name = tempfile.mkstemp(prefix=".voicestand-", dir=target.parent)
    except OSError as error:
        raise _not_made(path, error) from error
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        unfinished.replace(target)
    except BaseException as error:
        with suppress(OSError):
            unfinished.unlink()
        if isinstance(error, OSError):
            raise StorageError(f"{path} is not written: {error.strerror}: free space") from error
        raise


def erase(path: Path) -> None:
    """Overwrites a file before it is removed, as far as the file system writes in place.

    Raises ``OSError``.
    """
    with path.open("r+b", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        for begin in range(0, size, _CHUNK):
            file.write(bytes(min(_CHUNK, size - begin)))
        os.fsync(file.fileno())
    path.unlink()


def make_folder(folder: Path) -> None:
    """Makes a folder (0700) and those above it; one that is there keeps its mode.

    Raises ``InputError``.
    """
    try:
        for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(20, "Not a directory")
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror}") from None


def _write_into(text: str, path: Path) -> None:
    try:
        file = path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise _not_made(path, error) from error
    try:
        with file:
            file.write(text)
    except OSError as error:
        raise StorageError(f"{path} is not complete: {error.strerror}: free some space") from error


def _not_made(path: Path, error: OSError) -> InputError:
    return InputError(f"cannot write {path}: {error.strerror}: choose another file")
