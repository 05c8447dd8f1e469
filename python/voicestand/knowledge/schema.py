"""Where the knowledge lives, and what its tables are."""

from __future__ import annotations

from pathlib import Path

from voicestand.database.place import data_folder
from voicestand.database.schema import Schema

FILE_NAME = "knowledge.sqlite3"

TOKENIZER = "porter unicode61 remove_diacritics 2"

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE source (
            number INTEGER PRIMARY KEY,
            path   TEXT NOT NULL UNIQUE,    -- absolute; of standard input the name it was given
            digest BLOB NOT NULL,           -- of the document and of how it was cut
            format TEXT NOT NULL,
            bytes  INTEGER NOT NULL,
            added  TEXT NOT NULL            -- wall time, ISO 8601 with offset
        )
        """,
        """
        CREATE TABLE passage (
            number   INTEGER PRIMARY KEY,
            source   INTEGER NOT NULL REFERENCES source (number) ON DELETE CASCADE,
            headings TEXT NOT NULL,         -- the path of headings, one a line
            page     INTEGER,
            line     INTEGER,
            text     TEXT NOT NULL
        )
        """,
        "CREATE INDEX passage_source ON passage (source)",
        # Only the index: the text is read from the table.
        f"""
        CREATE VIRTUAL TABLE passage_text USING fts5 (
            headings, text, content = 'passage', content_rowid = 'number',
            tokenize = '{TOKENIZER}'
        )
        """,
        """
        CREATE TRIGGER passage_inserted AFTER INSERT ON passage BEGIN
            INSERT INTO passage_text (rowid, headings, text)
                VALUES (new.number, new.headings, new.text);
        END
        """,
        """
        CREATE TRIGGER passage_deleted AFTER DELETE ON passage BEGIN
            INSERT INTO passage_text (passage_text, rowid, headings, text)
                VALUES ('delete', old.number, old.headings, old.text);
        END
        """,
        "CREATE VIRTUAL TABLE passage_term USING fts5vocab (passage_text, 'row')",
        # In how many passages a stem is: what to leave out of a query must be known before the
        # index is asked. Counted when all documents of an ``add`` are in; until then there is a row
        # in ``uncounted``.
        "CREATE TABLE uncounted (since TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)",
        "CREATE TABLE term (stem TEXT PRIMARY KEY, passages INTEGER NOT NULL) WITHOUT ROWID",
        """
        CREATE TABLE vector (
            passage INTEGER PRIMARY KEY REFERENCES passage (number) ON DELETE CASCADE,
            model   TEXT NOT NULL,
            value   BLOB NOT NULL           -- float32, of length 1
        )
        """,
    ),
)

SCHEMA = Schema(name="knowledge", setting="knowledge.folder", migrations=MIGRATIONS)


def knowledge_path(folder: Path | None) -> Path:
    """The knowledge's file in ``folder``, by default ``$XDG_DATA_HOME/voicestand``."""
    return data_folder(folder) / FILE_NAME
