"""Where the journal lives, and what its tables are."""

from __future__ import annotations

from pathlib import Path

from voicestand.database.place import data_folder
from voicestand.database.schema import Schema

FILE_NAME = "journal.sqlite3"

# Events that are only ever read whole are kept as their JSON.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE session (
            number  INTEGER PRIMARY KEY,
            id      TEXT NOT NULL UNIQUE,
            started TEXT NOT NULL,          -- session.started
            writer  TEXT,                   -- the process that writes it; NULL once it is closed
            ended   TEXT                    -- session.ended; NULL: still running, or interrupted
        )
        """,
        """
        CREATE TABLE utterance (            -- transcript.final, in order of arrival
            number        INTEGER PRIMARY KEY,
            session       INTEGER NOT NULL REFERENCES session (number) ON DELETE CASCADE,
            id            TEXT NOT NULL,
            channel       TEXT NOT NULL,
            t             REAL NOT NULL,
            start         REAL NOT NULL,
            "end"         REAL NOT NULL,
            text          TEXT NOT NULL,
            words         TEXT,             -- JSON; NULL: the engine states none
            engine        TEXT NOT NULL,
            latency_ms    REAL NOT NULL,
            engine_ms     REAL NOT NULL,
            recognizer_ms REAL NOT NULL,
            UNIQUE (session, id)
        )
        """,
        """
        CREATE TABLE event (                -- coach.suggestion and engine.alert
            number  INTEGER PRIMARY KEY,
            session INTEGER NOT NULL REFERENCES session (number) ON DELETE CASCADE,
            type    TEXT NOT NULL,
            body    TEXT NOT NULL
        )
        """,
        "CREATE INDEX event_session ON event (session)",
        """
        CREATE TABLE metrics (              -- the latest coach.metrics
            session INTEGER PRIMARY KEY REFERENCES session (number) ON DELETE CASCADE,
            body    TEXT NOT NULL
        )
        """,
    ),
    (
        # session.started's wall time as seconds since 1970; NULL: it states none.
        "ALTER TABLE session ADD COLUMN began REAL",
        """
        UPDATE session SET began = CASE WHEN json_valid(started) THEN
            round((julianday(json_extract(started, '$.started_at')) - 2440587.5) * 86400, 3) END
        """,
        # Only the index: the text is read from the table, and what is deleted there leaves nothing.
        """
        CREATE VIRTUAL TABLE utterance_text USING fts5 (
            text, content = 'utterance', content_rowid = 'number',
            tokenize = 'porter unicode61 remove_diacritics 2'
        )
        """,
        "INSERT INTO utterance_text (utterance_text) VALUES ('rebuild')",
        """
        CREATE TRIGGER utterance_inserted AFTER INSERT ON utterance BEGIN
            INSERT INTO utterance_text (rowid, text) VALUES (new.number, new.text);
        END
        """,
        """
        CREATE TRIGGER utterance_deleted AFTER DELETE ON utterance BEGIN
            INSERT INTO utterance_text (utterance_text, rowid, text)
                VALUES ('delete', old.number, old.text);
        END
        """,
        """
        CREATE TRIGGER utterance_updated AFTER UPDATE OF number, text ON utterance BEGIN
            INSERT INTO utterance_text (utterance_text, rowid, text)
                VALUES ('delete', old.number, old.text);
            INSERT INTO utterance_text (rowid, text) VALUES (new.number, new.text);
        END
        """,
        # A row while what was deleted may still be read from the bytes of the files.
        "CREATE TABLE unerased (since TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)",
    ),
    (
        # 1: transcribed after the program was killed.
        "ALTER TABLE utterance ADD COLUMN recovered INTEGER NOT NULL DEFAULT 0",
        # Why the recognizer had no word on it, and where its audio is, from the journal's folder.
        "ALTER TABLE utterance ADD COLUMN failed TEXT",
        "ALTER TABLE utterance ADD COLUMN audio TEXT",
    ),
)

SCHEMA = Schema(name="journal", setting="journal.folder", migrations=MIGRATIONS)


def journal_path(folder: Path | None) -> Path:
    """The journal's file in ``folder``, by default ``$XDG_DATA_HOME/voicestand``."""
    return data_folder(folder) / FILE_NAME
