"""What SQLite reports, as one line that says what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from voicestand.errors import StorageError

_ELSEWHERE = "or set journal.folder to another folder"


def storage_error(error: sqlite3.Error | OSError, path: Path) -> StorageError:
    """The error to raise when ``error`` befell the journal at ``path``.

    Primary result codes: https://www.sqlite.org/rescode.html.
    """
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        return StorageError(
            f"the journal {path} cannot be used: {error.filename or path}: {reason}; "
            f"make that folder writable, {_ELSEWHERE}"
        )
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            message = f"the disk is full, the journal {path} cannot grow: free some space on it"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            message = (
                f"the journal {path} cannot be opened for this ({error}): "
                f"make its folder writable for you, {_ELSEWHERE}"
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            message = (
                f"the journal {path} is damaged ({error}): move it away and a new one is made "
                f"(mv {path} {path}.damaged; sqlite3's .recover may save what it holds)"
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            message = (
                f"another program keeps the journal {path} locked: "
                f"close it (fuser {path} names it) and try again"
            )
        case sqlite3.SQLITE_IOERR:
            # A quota and a file-size limit come here too: SQLite knows only ENOSPC as "full".
            message = (
                f"the disk failed under the journal {path} ({name}): "
                "check free space, quota, file-size limit (ulimit -f) and the kernel's log"
            )
        case _:
            message = f"the journal {path} cannot be used ({name}: {error})"
    return StorageError(message)
