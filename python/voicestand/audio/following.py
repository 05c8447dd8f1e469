"""Following what the sound server means by its default devices."""

from __future__ import annotations

import threading
from collections.abc import Callable

from voicestand.audio.sound_server import Changes

_LISTEN_AGAIN = 1.0
"""Seconds until a server that has ended is listened to again."""

_HEARD_WITHIN = 0.5
"""Seconds until the first news are waited for no longer, but made."""


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
            self._changes = changes = Changes()
            if self._ended.is_set() or not self._listen(changes):
                self.close()

    def _listen(self, changes: Changes) -> bool:
        """Until the server ends; whether there is still something to follow."""
        while self._look():
            # Each look makes news of its own: once some is heard, nothing is missed any more.
            if changes.wait(_HEARD_WITHIN):
                return self._look() and all(
                    self._look()
                    for line in changes
                    if "on server" in line or "on source-output" in line
                )
        return False
