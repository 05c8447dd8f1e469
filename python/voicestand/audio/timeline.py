"""Where the decoded frames of a file belong, and what is missing between them."""

from __future__ import annotations

TOLERANCE = 0.05
"""Seconds by which time stamps may be wrong: containers round them, and clocks drift."""

LONGEST_HOLE = 60.0
"""Seconds. A longer jump says nothing about audio: the stamps begin anew, or are damaged."""


class Timeline:
    """Compares the time stamps of frames with the audio that has come so far."""

    def __init__(self, sample_rate: int) -> None:
        """``sample_rate`` in Hz."""
        self._rate = sample_rate
        self._position = 0
        self._start: float | None = None
        self.missing = 0
        """Frames that were missing so far."""

    def missing_before(self, time: float | None, frames: int) -> int:
        """How many frames are missing before the next ``frames`` ones, stamped ``time`` seconds."""
        hole = 0
        if time is not None:
            if self._start is not None:
                hole = round((time - self._start) * self._rate) - self._position
            if self._start is None or not -TOLERANCE <= hole / self._rate <= LONGEST_HOLE:
                self._start = time - self._position / self._rate
                hole = 0
        missing = hole if hole > TOLERANCE * self._rate else 0
        self._position += missing + frames
        self.missing += missing
        return missing
