"""That a service is paused, kept for the process that follows it where it dies."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

FILE = "paused"


class PauseMark:
    """A file beside the control socket, which goes with the user's last login."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    @property
    def is_set(self) -> bool:
        """Whether a process died paused."""
        return self._path.exists()

    def set(self) -> None:
        """Notes that it is paused. Without room for the file a pause ends with the process."""
        with suppress(OSError):
            self._path.touch(0o600)

    def clear(self) -> None:
        """Notes that it is not. Safe to repeat, and in a signal handler."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
