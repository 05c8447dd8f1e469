"""When a recognizer's next worker may be made, and whether that was given up."""

from __future__ import annotations

import time

from voicestand.speech.backoff import Backoff

START_LIMIT = 5
"""Workers in a row that may fail before they are ready; then finals come out empty."""

START_KILL_LIMIT = 20
"""The same for workers that were killed from outside."""

RETRY_SECONDS = 30.0
"""Between two attempts once recognition was declared unavailable."""


class Starts:
    """The starts of workers that follow each other."""

    def __init__(self) -> None:
        self.next_at = 0.0
        """When the next worker may be made, seconds of the monotonic clock."""
        self.unavailable = False
        """Whether workers failed to start so often that nobody waits for them any more."""
        self._failed = 0
        self._killed = 0
        self._backoff = Backoff()

    def at_once(self) -> None:
        """The next one takes the place of one that works."""
        self.next_at = 0.0

    def ended(self, lived: float | None) -> None:
        """A worker has ended that was ready for ``lived`` seconds; None: it never was."""
        self.next_at = time.monotonic() + self._backoff.delay(lived)

    def failed(self, *, killed: bool) -> bool:
        """It never was, ``killed`` or not; whether that is why it is given up now."""
        if killed:
            self._killed += 1
        else:
            self._failed += 1
        if self._failed < START_LIMIT and self._killed < START_KILL_LIMIT:
            return False
        self.next_at = time.monotonic() + RETRY_SECONDS
        given_up, self.unavailable = not self.unavailable, True
        return given_up

    def succeeded(self) -> bool:
        """A worker is ready; whether nobody had waited for one any more."""
        self._failed = self._killed = 0
        recovered, self.unavailable = self.unavailable, False
        return recovered
