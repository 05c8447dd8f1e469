"""Following what the sound server means by its default devices."""

from __future__ import annotations

import threading
from collections.abc import Callable

from voicestand.audio.sound_server import Changes

_LISTEN_AGAIN = 1.0
"""Seconds until a server that has ended is listened to again."""


class Follower:
    """Calls ``look`` whenever the sound server's settings or recordings have changed.

    In a thread of its own, first when the server is listened to, and again when it was restarted;
    until ``look`` says that there is nothing to follow.
    """

    def __init__(self, look: Callable[[], bool]) -> None:
        self._look = look
        self._changes: Changes | None = None
        self._ended = threading.Event()

    def start(self) -> None:
        """Begins to listen."""
        threading.Thread(target=self._follow, name="default device", daemon=True).start()

    def close(self) -> None:
        """Ends it. Safe to repeat."""
        self._ended.set()
        if self._changes is not None:
            self._changes.close()

    def _follow(self) -> None:
        pause = 0.0
        while not self._ended.wait(pause):
            pause = _LISTEN_AGAIN
            self._changes = Changes()
            if self._ended.is_set():
                self._changes.close()
            if not self._look() or not self._listen(self._changes):
                self.close()

    def _listen(self, changes: Changes) -> bool:
        """Until the server ends; whether there is still something to follow."""
        return all(
            self._look() for line in changes if "on server" in line or "on source-output" in line
        )
