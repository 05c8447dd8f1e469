"""The user's documents, for the coach of a conversation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from voicestand.config import KnowledgeSettings
from voicestand.errors import StorageError
from voicestand.events import Severity

if TYPE_CHECKING:
    from voicestand.knowledge.knowledge import Knowledge, Passage

FAILED_CODE = "knowledge.failed"
"""Code of the alert (severity ``warning``) that the documents cannot be searched any more."""


class Documents:
    """Searches them; where that fails, says so once, and the conversation goes on without."""

    def __init__(
        self, settings: KnowledgeSettings, tell: Callable[[Severity, str, str], None]
    ) -> None:
        self._folder = Path(settings.folder).expanduser() if settings.folder else None
        self._tell = tell
        self._knowledge: Knowledge | None = None
        self._failed = False

    def search(self, text: str, limit: int) -> list[Passage]:
        """The passages that have most to do with ``text``; none where it cannot be known."""
        if self._failed:
            return []
        try:
            if self._knowledge is None:
                from voicestand.knowledge.knowledge import Knowledge

                self._knowledge = Knowledge.open(self._folder)
            return self._knowledge.search(text, limit)
        except StorageError as error:
            self._failed = True
            self._tell("warning", FAILED_CODE, f"{error}; the coach goes on without documents")
            return []

    def close(self) -> None:
        """Frees what it holds."""
        if self._knowledge is not None:
            self._knowledge.close()
            self._knowledge = None
