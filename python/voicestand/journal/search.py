"""Finding what was said, in all sessions, by the index that the journal keeps."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from voicestand.database.snapshot import reading
from voicestand.errors import InputError
from voicestand.events import SessionStarted
from voicestand.journal import schema
from voicestand.journal.query import expression

_SNIPPET_WORDS = 24

_BEGIN, _END = "\x02", "\x03"
"""Around a word that was found, as long as it may stand beside any text."""

MARK = "**"
"""Stands before and behind each word that was found, in a snippet."""


class SearchHit(msgspec.Struct, frozen=True, kw_only=True):
    """An utterance in which everything that was looked for was said."""

    session: str
    started_at: str
    """Of the session: wall time, ISO 8601 with offset."""
    utterance: str
    channel: str
    start: float
    """Seconds of audio since the session began."""
    end: float
    text: str
    snippet: str
    """The part of the text around what was found, each found word between ``**``."""
    score: float
    """Okapi BM25: the higher the better; only for comparing hits of one search."""


def search(
    query: str,
    folder: Path | None = None,
    *,
    channel: str | None = None,
    since: float | None = None,
    limit: int = 20,
) -> list[SearchHit]:
    """The utterances in which all words of ``query`` were said, the best first, then the latest.

    Words are found in any form (*price* finds *prices*) and without accents; ``"a phrase"`` as it
    stands, ``begin*`` whatever begins so. ``since``: seconds since 1970 of wall time.

    Raises ``InputError`` if there is no word in ``query``, ``StorageError`` if the journal cannot
    be read.
    """
    if limit < 1:
        raise InputError(f"limit {limit}: give 1 or more")
    match = expression(query)
    with reading(schema.journal_path(folder), schema.SCHEMA) as connection:
        if connection is None:
            return []
        connection.execute("BEGIN")  # one snapshot for both queries
        ranked = _ranked(connection, match, channel, since, limit)
        hits = _hits(connection, match, list(ranked))
        return [_hit(row, ranked[row[0]]) for row in sorted(hits, key=lambda row: ranked[row[0]])]


def _ranked(
    connection: sqlite3.Connection,
    match: str,
    channel: str | None,
    since: float | None,
    limit: int,
) -> dict[int, tuple[float, int]]:
    """The best utterances by number, each with what it is ordered by: BM25 and age."""
    conditions, values = ["utterance_text MATCH ?"], [match]
    if channel is not None:
        conditions.append("channel = ?")
        values.append(channel)
    if since is not None:
        conditions.append("began + start >= ?")
    rows = connection.execute(
        # CROSS JOIN fixes the order: the index first, and of the tables only what it finds.
        "SELECT utterance.number, rank FROM utterance_text"
        " CROSS JOIN utterance ON utterance.number = utterance_text.rowid"
        " CROSS JOIN session ON session.number = utterance.session"
        f" WHERE {' AND '.join(conditions)} ORDER BY rank, utterance.number DESC LIMIT ?",
        (*values, *(() if since is None else (since,)), limit),
    )
    return {number: (rank, -number) for number, rank in rows}


def _hits(
    connection: sqlite3.Connection, match: str, numbers: list[int]
) -> list[tuple[int, str, str, str, str, float, float, str, str]]:
    """What is shown of these; a snippet costs more than a rank, so only now."""
    return connection.execute(
        "SELECT utterance.number, session.id, started, utterance.id, channel, start,"
        " \"end\", utterance.text, snippet(utterance_text, 0, ?, ?, '…', ?) FROM utterance_text"
        " CROSS JOIN utterance ON utterance.number = utterance_text.rowid"
        " CROSS JOIN session ON session.number = utterance.session"
        " WHERE utterance_text MATCH ? AND utterance_text.rowid IN"
        " (SELECT value FROM json_each(?))",
        (_BEGIN, _END, _SNIPPET_WORDS, match, msgspec.json.encode(numbers).decode()),
    ).fetchall()


def _hit(
    row: tuple[int, str, str, str, str, float, float, str, str], order: tuple[float, int]
) -> SearchHit:
    _, session, started, utterance, channel, start, end, text, snippet = row
    return SearchHit(
        session=session,
        started_at=msgspec.json.decode(started, type=SessionStarted).started_at,
        utterance=utterance,
        channel=channel,
        start=start,
        end=end,
        text=text,
        snippet=snippet.replace(_BEGIN, MARK).replace(_END, MARK),
        score=-order[0],
    )
