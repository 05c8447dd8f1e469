"""The writer: what was shown is on disk."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import msgspec

from voicestand.database.connection import connect
from voicestand.database.failure import storage_error
from voicestand.database.place import make_private_file
from voicestand.errors import StorageError
from voicestand.events import (
    CoachMetrics,
    CoachSuggestion,
    EngineAlert,
    SessionEnded,
    SessionStarted,
    TranscriptFinal,
    to_json,
)
from voicestand.journal import erasure, process, schema, wall_time
from voicestand.journal.reader import SessionStatus, session_status


class Journal:
    """The durable record of sessions, open for writing.

    Several processes may write, and others read, at the same time. The methods may be called from
    any thread. Each raises ``StorageError`` if what it was given is not on disk; the journal stays
    usable, so that the caller may try again once there is space.

    ``begin``, ``final`` and ``end`` return once their record would survive a power failure
    (``synchronous=FULL``: one fsync each). ``suggestion``, ``alert`` and ``metrics`` survive the
    death of the process, and a power failure as soon as the next final is written.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._lock = threading.Lock()
        self._numbers: dict[str, int] = {}

    @classmethod
    def open(cls, folder: Path | None = None) -> Journal:
        """Opens the journal in ``folder``, by default ``$XDG_DATA_HOME/voicestand``, or makes it.

        Raises ``StorageError``: no such folder can be made or written, the file is damaged, locked,
        or was written by a newer program.
        """
        path = schema.journal_path(folder)
        try:
            make_private_file(path)
            connection = connect(path, schema.SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise storage_error(error, path, schema.SCHEMA) from error
        erasure.finish(connection, path)
        return cls(path, connection)

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def begin(self, started: SessionStarted) -> None:
        """Records that a session began. Durable on return.

        Raises ``StorageError`` also if a session of that id is there already.
        """
        try:
            cursor = self._write(
                "INSERT INTO session (id, started, writer, began) VALUES (?, ?, ?, ?)",
                (
                    started.session,
                    to_json(started).decode(),
                    process.current(),
                    wall_time.seconds(started.started_at),
                ),
            )
        except StorageError as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):
                message = f"the journal {self._path} already has a session {started.session}"
                raise StorageError(message) from error
            raise
        assert cursor.lastrowid is not None
        self._numbers[started.session] = cursor.lastrowid

    def final(self, event: TranscriptFinal) -> bool:
        """Records a final transcript. Durable on return: show it only then.

        False, and nothing is changed, if this utterance has its final already: it must not be
        shown a second time.
        """
        words = None if event.words is None else msgspec.json.encode(event.words).decode()
        cursor = self._write(
            'INSERT INTO utterance (session, id, channel, t, start, "end", text, words, engine,'
            " latency_ms, engine_ms, recognizer_ms, recovered, failed, audio)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (session, id) DO NOTHING",
            (
                self._number(event.session),
                event.utterance,
                event.channel,
                event.t,
                event.start,
                event.end,
                event.text,
                words,
                event.engine,
                event.latency_ms,
                event.engine_ms,
                event.recognizer_ms,
                event.recovered,
                event.failed,
                event.audio,
            ),
        )
        return cursor.rowcount == 1

    def adopt(self, session: str) -> SessionStatus | None:
        """Lets finals be added to a session that nobody writes any more.

        Its status, by which nothing is adopted that is running; ``None`` if there is no such
        session.
        """
        row = self._row("SELECT number, writer, ended FROM session WHERE id = ?", session)
        if row is None:
            return None
        number, writer, ended = row
        status = session_status(writer, ended)
        if status != "running":
            self._numbers[session] = number
        return status

    def kept_audio(self, session: str, utterance: str) -> tuple[bool, str | None]:
        """Whether an utterance has its final, and where its audio should be, if it should."""
        row = self._row(
            "SELECT audio FROM utterance WHERE id = ? AND session ="
            " (SELECT number FROM session WHERE id = ?)",
            utterance,
            session,
        )
        return (False, None) if row is None else (True, row[0])

    def suggestion(self, event: CoachSuggestion) -> None:
        """Records a suggestion, without waiting for the disk."""
        self._event("coach.suggestion", event)

    def alert(self, event: EngineAlert) -> None:
        """Records an alert, without waiting for the disk."""
        self._event("engine.alert", event)

    def metrics(self, event: CoachMetrics) -> None:
        """Records the state of the conversation in place of the one before it, likewise."""
        self._write(
            "INSERT INTO metrics (session, body) VALUES (?, ?)"
            " ON CONFLICT (session) DO UPDATE SET body = excluded.body",
            (self._number(event.session), to_json(event).decode()),
            durable=False,
        )

    def end(self, event: SessionEnded) -> None:
        """Records that the session is complete. Durable on return."""
        self._write(
            "UPDATE session SET ended = ?, writer = NULL WHERE number = ?",
            (to_json(event).decode(), self._number(event.session)),
        )
        del self._numbers[event.session]

    def close(self) -> None:
        """Closes the file; a session that was not ended counts as interrupted. May be repeated."""
        # If even that cannot be written, the end of this process will tell readers the same.
        with suppress(StorageError):
            for number in self._numbers.values():
                self._write("UPDATE session SET writer = NULL WHERE number = ?", (number,))
        self._numbers.clear()
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _event(self, kind: str, event: CoachSuggestion | EngineAlert) -> None:
        self._write(
            "INSERT INTO event (session, type, body) VALUES (?, ?, ?)",
            (self._number(event.session), kind, to_json(event).decode()),
            durable=False,
        )

    def _number(self, session: str) -> int:
        try:
            return self._numbers[session]
        except KeyError:
            message = f"session {session!r} was not begun in this journal, or has ended"
            raise ValueError(message) from None

    def _row(self, query: str, *values: str) -> tuple[Any, ...] | None:
        with self._lock:
            try:
                row: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
            except sqlite3.Error as error:
                raise storage_error(error, self._path, schema.SCHEMA) from error
        return row

    def _write(
        self, statement: str, values: tuple[object, ...], *, durable: bool = True
    ) -> sqlite3.Cursor:
        """Runs one statement, which is one transaction."""
        with self._lock:
            try:
                if durable:
                    return self._connection.execute(statement, values)
                # In WAL mode NORMAL writes without fsync and cannot damage the file; the fsync of
                # the next FULL transaction covers it, since they share one log.
                self._connection.execute("PRAGMA synchronous=NORMAL")
                try:
                    return self._connection.execute(statement, values)
                finally:
                    self._connection.execute("PRAGMA synchronous=FULL")
            except sqlite3.Error as error:
                raise storage_error(error, self._path, schema.SCHEMA) from error
