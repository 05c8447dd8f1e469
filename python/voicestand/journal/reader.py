"""Reading the journal, also while another process writes it or where nothing can be written."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from voicestand.database.snapshot import reading
from voicestand.errors import InputError
from voicestand.events import (
    ChannelMetrics,
    CoachMetrics,
    CoachSuggestion,
    EngineAlert,
    SessionEnded,
    SessionStarted,
    TranscriptFinal,
    Word,
)
from voicestand.journal import process, schema, wall_time
from voicestand.journal.spool import waiting

SessionStatus = Literal["complete", "running", "interrupted"]

_FINAL_FIELDS = (
    "utterance",
    "channel",
    "t",
    "start",
    "end",
    "text",
    "words",
    "engine",
    "latency_ms",
    "engine_ms",
    "recognizer_ms",
    "recovered",
    "failed",
    "audio",
)
"""The fields of a final transcript in the order of the columns that are selected for it."""


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of sessions."""

    session: str
    id: str
    """The same as ``session``."""
    started_at: str
    """Wall time, ISO 8601 with offset."""
    duration: float
    """Seconds of audio; of a session without an end, up to its last final transcript."""
    utterances: int
    """Final transcripts, empty ones included."""
    status: SessionStatus
    """``interrupted``: the program died before it could end the session."""
    source: str
    engine: str
    waiting: int
    """Utterances whose audio is on disk and that have no transcript yet."""


class SessionDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was recorded of one session."""

    session: str
    id: str
    """The same as ``session``."""
    status: SessionStatus
    started: SessionStarted
    utterances: list[TranscriptFinal]
    """In the order of their start."""
    suggestions: list[CoachSuggestion]
    alerts: list[EngineAlert]
    metrics: CoachMetrics | None
    """The latest state of the conversation."""
    ended: SessionEnded | None

    @property
    def channels(self) -> dict[str, ChannelMetrics]:
        """How each channel spoke, by the latest that is known; empty if nothing is."""
        latest = self.ended or self.metrics
        return latest.channels if latest else {}


def sessions(folder: Path | None = None) -> list[SessionRecord]:
    """Every session in the journal, the latest first; none if there is no journal yet.

    Raises ``StorageError`` if the journal cannot be read.
    """
    path = schema.journal_path(folder)
    with reading(path, schema.SCHEMA) as connection:
        if connection is None:
            return []
        rows = connection.execute(
            "SELECT id, started, writer, ended, last, coalesce(finals, 0)"
            " FROM session LEFT JOIN"
            '  (SELECT session, count(*) AS finals, max("end") AS last'
            "   FROM utterance GROUP BY session) AS spoken ON spoken.session = session.number"
            " ORDER BY number DESC"
        )
        return [_record(row, waiting(path, row[0])) for row in rows]


def select(
    identifiers: Sequence[str] = (),
    folder: Path | None = None,
    *,
    before: float = math.inf,
) -> list[SessionRecord]:
    """The sessions of these ids or beginnings of ids, in that order; without any, all of them.

    Of these, those that began before ``before``, seconds since 1970; one that does not tell when it
    began counts only where nothing is asked. Raises ``InputError`` as :func:`session` does, and
    ``StorageError``.
    """
    found = sessions(folder)
    if identifiers:
        by_id = {record.id: record for record in found}
        wanted = dict.fromkeys(_matching(identifier, list(by_id)) for identifier in identifiers)
        found = [by_id[identifier] for identifier in wanted]
    if before == math.inf:
        return found
    began = {record.id: wall_time.seconds(record.started_at) for record in found}
    return [record for record in found if (began[record.id] or math.inf) < before]


def session_ids(folder: Path | None = None) -> list[str]:
    """The ids alone, the latest first. Raises ``StorageError``."""
    with reading(schema.journal_path(folder), schema.SCHEMA) as connection:
        if connection is None:
            return []
        rows = connection.execute("SELECT id FROM session ORDER BY number DESC").fetchall()
    return [identifier for (identifier,) in rows]


def session(identifier: str, folder: Path | None = None) -> SessionDetail:
    """One session by its id, or by the beginning of its id if no other begins so.

    Raises ``InputError`` naming near ones if there is none or more than one, ``StorageError`` if
    the journal cannot be read.
    """
    with reading(schema.journal_path(folder), schema.SCHEMA) as connection:
        if connection is None:
            raise InputError(f"no session {identifier!r}: the journal has no sessions yet")
        # One snapshot for all the queries: the writer may go on meanwhile.
        connection.execute("BEGIN")
        ids = [row[0] for row in connection.execute("SELECT id FROM session ORDER BY number DESC")]
        return _detail(connection, _matching(identifier, ids))


def _record(
    row: tuple[str, str, str | None, str | None, float | None, int], waiting: int
) -> SessionRecord:
    identifier, started, writer, ended, last, finals = row
    start = msgspec.json.decode(started, type=SessionStarted)
    end = None if ended is None else msgspec.json.decode(ended, type=SessionEnded)
    return SessionRecord(
        session=identifier,
        id=identifier,
        started_at=start.started_at,
        duration=end.duration if end else last or 0.0,
        utterances=finals,
        status=session_status(writer, ended),
        source=start.source,
        engine=start.engine,
        waiting=waiting,
    )


def session_status(writer: str | None, ended: str | None) -> SessionStatus:
    """By the columns of a session."""
    if ended is not None:
        return "complete"
    return "running" if writer is not None and process.is_alive(writer) else "interrupted"


def _matching(identifier: str, ids: list[str]) -> str:
    """The one of ``ids`` that ``identifier`` means."""
    found = [known for known in ids if known.startswith(identifier)] if identifier else []
    if identifier in found:
        return identifier
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            f"session {identifier!r} could be {_named(found)}: give more characters of its id"
        )
    if not ids:
        raise InputError(f"no session {identifier!r}: the journal has no sessions yet")
    from rapidfuzz import process as fuzzy

    near = [match[0] for match in fuzzy.extract(identifier, ids, limit=3, score_cutoff=60)]
    advice = f"did you mean {_named(near)}?" if near else f"the latest is {ids[0]}"
    raise InputError(f"no session {identifier!r}: {advice} (voicestand sessions list)")


def _named(ids: list[str]) -> str:
    shown = " or ".join(ids[:3])
    return shown if len(ids) <= 3 else f"{shown} or {len(ids) - 3} more"


def _detail(connection: sqlite3.Connection, identifier: str) -> SessionDetail:
    number, started, writer, ended = connection.execute(
        "SELECT number, started, writer, ended FROM session WHERE id = ?", (identifier,)
    ).fetchone()
    finals = connection.execute(
        'SELECT id, channel, t, start, "end", text, words, engine, latency_ms, engine_ms,'
        " recognizer_ms, recovered, failed, audio"
        ' FROM utterance WHERE session = ? ORDER BY start, "end", number',
        (number,),
    )
    events = connection.execute(
        "SELECT type, body FROM event WHERE session = ? ORDER BY number", (number,)
    ).fetchall()
    metrics = connection.execute("SELECT body FROM metrics WHERE session = ?", (number,)).fetchone()
    return SessionDetail(
        session=identifier,
        id=identifier,
        status=session_status(writer, ended),
        started=msgspec.json.decode(started, type=SessionStarted),
        utterances=[_final(identifier, row) for row in finals],
        suggestions=[
            msgspec.json.decode(body, type=CoachSuggestion)
            for kind, body in events
            if kind == "coach.suggestion"
        ],
        alerts=[
            msgspec.json.decode(body, type=EngineAlert)
            for kind, body in events
            if kind == "engine.alert"
        ],
        metrics=None if metrics is None else msgspec.json.decode(metrics[0], type=CoachMetrics),
        ended=None if ended is None else msgspec.json.decode(ended, type=SessionEnded),
    )


def _final(identifier: str, row: tuple[object, ...]) -> TranscriptFinal:
    fields = dict(zip(_FINAL_FIELDS, row, strict=True))
    if isinstance(fields["words"], str):
        fields["words"] = msgspec.json.decode(fields["words"], type=list[Word])
    fields["recovered"] = bool(fields["recovered"])
    return msgspec.convert({"session": identifier, **fields}, TranscriptFinal)
