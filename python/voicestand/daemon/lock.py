"""One run of a user's listens to devices and can be steered: the one that holds the lock."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from voicestand.errors import VoicestandError

LOCK = "control.lock"


class AlreadyRunningError(VoicestandError):
    """Another run of this user's holds the lock."""


class Lock:
    """Held until ``close``, or until the process has ended in whatever way."""

    def __init__(self, folder: Path) -> None:
        """Takes the lock in ``folder``.

        Raises ``AlreadyRunningError`` naming the process that has it, ``OSError`` where there can
        be no such file.
        """
        # The file stays: who removed it could remove one that another run has just locked.
        self._file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip()
            os.close(self._file)
            raise AlreadyRunningError(
                f"voicestand already listens in process {holder or '(just starting)'}: see "
                "voicestand status, and end it with voicestand stop"
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Lets the next one have it."""
        os.close(self._file)
