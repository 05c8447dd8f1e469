"""The durable record of every conversation, in SQLite."""

from __future__ import annotations

from voicestand.journal.journal import Journal
from voicestand.journal.reader import (
    SessionDetail,
    SessionRecord,
    SessionStatus,
    session,
    session_ids,
    sessions,
)

__all__ = [
    "Journal",
    "SessionDetail",
    "SessionRecord",
    "SessionStatus",
    "session",
    "session_ids",
    "sessions",
]
