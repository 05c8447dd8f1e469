"""The durable record of every conversation, in SQLite."""

from __future__ import annotations

from voicestand.journal.erasure import delete
from voicestand.journal.journal import Journal
from voicestand.journal.reader import (
    SessionDetail,
    SessionRecord,
    SessionStatus,
    select,
    session,
    session_ids,
    sessions,
)
from voicestand.journal.search import SearchHit, search

__all__ = [
    "Journal",
    "SearchHit",
    "SessionDetail",
    "SessionRecord",
    "SessionStatus",
    "delete",
    "search",
    "select",
    "session",
    "session_ids",
    "sessions",
]
