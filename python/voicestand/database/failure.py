"""What SQLite reports, as one line that says what to do."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from voicestand.database.schema import Schema
from voicestand.errors import StorageError

_SHARED_MEMORY = 32 * 1024
"""Bytes by which the file of the shared memory grows; NB: where they are not to be had, SQLite
reports a failure of the disk (SQLITE_IOERR_SHMSIZE), and no full one."""


def storage_error(error: sqlite3.Error | OSError, path: Path, schema: Schema) -> StorageError:
    """The error to raise when ``error`` befell the file at ``path``.

    Primary result codes: https://www.sqlite.org/rescode.html.
    """
    what = f"the {schema.name} {path}"
    elsewhere = f"or set {schema.setting} to another folder"
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        return StorageError(
            f"{what} cannot be used: {error.filename or path}: {reason}; "
            f"make that folder writable, {elsewhere}"
        )
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    match sqlite3.SQLITE_FULL if code == sqlite3.SQLITE_IOERR and _is_full(path) else code:
        case sqlite3.SQLITE_FULL:
            message = f"the disk is full, {what} cannot grow: free some space on it"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            message = (
                f"{what} cannot be opened for this ({error}): "
                f"make its folder writable for you, {elsewhere}"
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            message = (
                f"{what} is damaged ({error}): move it away and a new one is made "
                f"(mv {path} {path}.damaged; sqlite3's .recover may save what it holds)"
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            message = (
                f"another program keeps {what} locked: "
                f"close it (fuser {path} names it) and try again"
            )
        case sqlite3.SQLITE_IOERR:
            # A quota and a file-size limit come here, too.
            message = (
                f"the disk failed under {what} ({name}): "
                "check free space, quota, file-size limit (ulimit -f) and the kernel's log"
            )
        case _:
            message = f"{what} cannot be used ({name}: {error})"
    return StorageError(message)


def _is_full(path: Path) -> bool:
    with suppress(OSError):
        disk = os.statvfs(path.parent)
        return disk.f_bavail * disk.f_frsize < _SHARED_MEMORY
    return False
