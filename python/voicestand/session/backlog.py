"""Recognition that falls behind speech: told once, and once more when it has caught up."""

from __future__ import annotations

from collections.abc import Iterable

from voicestand.audio.source import Tell
from voicestand.speech.recognizer import Recognizer

BEHIND = 5.0
"""Seconds of speech that nobody has heard from which on a user should know."""

CAUGHT_UP = 1.0
"""Seconds below which all is well again."""


class BacklogWatch:
    """Looks at the recognizers of a live session. Partials are dropped first, finals never."""

    def __init__(self, recognizers: Iterable[Recognizer], tell: Tell) -> None:
        self._recognizers = list(recognizers)
        self._tell = tell
        self._behind = False

    def look(self) -> None:
        """Tells what has changed since the last look."""
        lag = max((one.lag() for one in self._recognizers), default=0.0)
        if not self._behind and lag > BEHIND:
            self._behind = True
            self._tell(
                "warning",
                "recognizer.behind",
                f"recognition is {lag:.0f} s behind speech: captions come late, none is lost; a "
                "smaller model would keep up (voicestand models list)",
            )
        elif self._behind and lag < CAUGHT_UP:
            self._behind = False
            self._tell("info", "recognizer.caught-up", "recognition has caught up with speech")
