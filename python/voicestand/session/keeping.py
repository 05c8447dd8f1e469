"""A transcript that is shown is on disk: the order in which events reach journal and user."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from voicestand.errors import StorageError
from voicestand.events import (
    CoachMetrics,
    CoachSuggestion,
    EngineAlert,
    Event,
    SessionEnded,
    SessionStarted,
    TranscriptFinal,
)
from voicestand.journal.journal import Journal

MOST_HELD = 10_000
"""Finals held back while the journal cannot be written: many hours of speech."""


class Keeper:
    """Writes events to the journal, if there is one, before it shows them.

    A final that cannot be stored is held back, and all later ones with it, until the disk takes
    them again; nothing is dropped.
    """

    def __init__(self, journal: Journal | None, show: Callable[[Event], None]) -> None:
        self._journal = journal
        self._show = show
        self.stored: Callable[[TranscriptFinal], None] = lambda final: None
        """Told of each final that is in the journal, before it is shown."""
        self._held: deque[TranscriptFinal] = deque()
        self.failure: StorageError | None = None
        """Why the journal cannot be written at present."""

    @property
    def held(self) -> int:
        """Finals that wait for the journal."""
        return len(self._held)

    def begin(self, event: SessionStarted) -> None:
        """Records and shows the beginning. Raises ``StorageError``: then there is no session."""
        if self._journal is not None:
            self._journal.begin(event)
        self._show(event)

    def final(self, event: TranscriptFinal) -> list[TranscriptFinal]:
        """Takes a final; returns those that were stored and shown now, in order."""
        self._held.append(event)
        return self.flush()

    def flush(self) -> list[TranscriptFinal]:
        """Tries again to store what is held back."""
        shown = []
        while self._held:
            event = self._held[0]
            try:
                new = self._journal is None or self._journal.final(event)
            except StorageError as error:
                self.failure = error
                if len(self._held) <= MOST_HELD:
                    break
                new = True  # Beyond the bound it is better seen than kept.
            else:
                self.failure = None
                self.stored(event)
            self._held.popleft()
            if new:
                self._show(event)
                shown.append(event)
        return shown

    def other(self, event: Event) -> None:
        """Shows any other event; suggestions, alerts and metrics are recorded too."""
        try:
            if self._journal is not None:
                match event:
                    case CoachSuggestion():
                        self._journal.suggestion(event)
                    case EngineAlert():
                        self._journal.alert(event)
                    case CoachMetrics():
                        self._journal.metrics(event)
        except StorageError as error:
            self.failure = error
        self._show(event)

    def give_up(self) -> list[TranscriptFinal]:
        """Shows what could not be stored after all, so that it is not lost as well."""
        left = list(self._held)
        self._held.clear()
        for event in left:
            self._show(event)
        return left

    def end(self, event: SessionEnded) -> None:
        """Records and shows the end."""
        if self._journal is not None:
            try:
                self._journal.end(event)
            except StorageError as error:
                self.failure = error
        self._show(event)
