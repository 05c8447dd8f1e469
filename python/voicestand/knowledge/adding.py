"""Bringing the store up to date with documents, one document a transaction."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from voicestand.database.connection import connect
from voicestand.database.failure import storage_error
from voicestand.database.place import make_private_file
from voicestand.database.schema import transaction
from voicestand.errors import InputError, ModelError
from voicestand.knowledge import documents, passages, schema
from voicestand.knowledge.documents.block import Block
from voicestand.knowledge.documents.finding import Refused, content, within
from voicestand.knowledge.documents.reader_process import ReaderProcess

if TYPE_CHECKING:
    from voicestand.knowledge.embedding import Embedder

_EMBEDDED_AT_ONCE = 256

Tell = Callable[[str], object]


class Added(msgspec.Struct):
    """What an ``add`` has done, by the paths of documents."""

    added: list[str] = []
    replaced: list[str] = []
    removed: list[str] = []
    """Were known and are no longer there, or cannot be read any more."""
    unchanged: int = 0
    refused: list[Refused] = []
    without_vectors: str = ""
    """Why not all passages can be found by their meaning, if they should."""

    def merge(self, other: Added) -> None:
        """Takes in what another one has done."""
        self.added += other.added
        self.replaced += other.replaced
        self.removed += other.removed
        self.unchanged += other.unchanged
        self.refused += other.refused
        self.without_vectors = self.without_vectors or other.without_vectors


def add(
    targets: Sequence[Path],
    folder: Path | None = None,
    tell: Tell = len,
    embedder: Embedder | None = None,
) -> Added:
    """Adds files, and folders with all that is in them, or brings them up to date.

    A document that is as it was is only read; one that is no longer in its folder is removed. What
    cannot be read is refused, and the others are added all the same. ``tell`` is given each path
    before it is read. With an ``embedder``, all passages that it has not seen get their vectors.

    Raises ``InputError`` for a target that is not there and never was, ``StorageError``.
    """
    report = Added()
    with _writing(folder) as connection, ReaderProcess() as reader:
        for target in targets:
            _Adding(connection, report, tell, reader).target(_absolute(target))
        _finish(connection, report, embedder)
    return report


def add_text(
    name: str, data: bytes, folder: Path | None = None, embedder: Embedder | None = None
) -> Added:
    """Adds a document that is in no file, under a name of its own."""
    if not name or name.startswith("/"):
        raise InputError(f"{name!r} cannot be its name: give one that does not begin with /")
    report = Added()
    with _writing(folder) as connection, ReaderProcess() as reader:
        _Adding(connection, report, len, reader).document(name, _sniffed(data), data)
        _finish(connection, report, embedder)
    return report


class _Adding:
    """One ``add``, as far as it is."""

    def __init__(
        self, connection: sqlite3.Connection, report: Added, tell: Tell, reader: ReaderProcess
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._report = report
        self._tell = tell

    def target(self, target: Path) -> None:
        if target.is_dir():
            self._folder(target)
        elif target.exists() or target.is_symlink():
            self._file(target)
        else:
            known = _below(self._connection, target)
            if not known:
                raise InputError(f"there is no file or folder {target}")
            for path in known:
                self._remove(path)

    def _folder(self, folder: Path) -> None:
        gone = set(_below(self._connection, folder))
        for found in within(folder):
            if isinstance(found, Refused):
                self._report.refused.append(found)
                gone -= set(_below(self._connection, Path(found.path)))
            else:
                gone.discard(str(found))
                self._file(found)
        for path in sorted(gone):
            self._remove(path)

    def _file(self, path: Path) -> None:
        self._tell(str(path))
        try:
            data = content(path)
        except InputError as error:
            self._refuse(str(path), error)
        else:
            self.document(str(path), documents.format_of(path) or _sniffed(data), data)

    def document(self, path: str, form: documents.Format, data: bytes) -> None:
        version = f"{passages.VERSION} {form} ".encode()
        digest = hashlib.blake2b(version + data, digest_size=16).digest()
        known = self._connection.execute(
            "SELECT digest FROM source WHERE path = ?", (path,)
        ).fetchone()
        if known is not None and known[0] == digest:
            self._report.unchanged += 1
            return
        try:
            documents.require(form)
            blocks = self._reader.read(form, data)
        except InputError as error:
            self._refuse(path, error)
            return
        self._store(path, form, len(data), digest, blocks)
        (self._report.added if known is None else self._report.replaced).append(path)

    def _store(
        self, path: str, form: documents.Format, size: int, digest: bytes, blocks: list[Block]
    ) -> None:
        with transaction(self._connection):
            _changed(self._connection)
            self._connection.execute("DELETE FROM source WHERE path = ?", (path,))
            source = self._connection.execute(
                "INSERT INTO source (path, digest, format, bytes, added) VALUES (?, ?, ?, ?, ?)",
                (path, digest, form, size, datetime.now().astimezone().isoformat("T", "seconds")),
            ).lastrowid
            self._connection.executemany(
                "INSERT INTO passage (source, headings, page, line, text) VALUES (?, ?, ?, ?, ?)",
                (
                    (source, "\n".join(one.headings), one.page, one.line, one.text)
                    for one in passages.cut(blocks)
                ),
            )

    def _refuse(self, path: str, error: InputError) -> None:
        self._report.refused.append(Refused(path, str(error)))
        self._remove(path)

    def _remove(self, path: str) -> None:
        with transaction(self._connection):
            done = self._connection.execute("DELETE FROM source WHERE path = ?", (path,))
            if done.rowcount:
                _changed(self._connection)
        if done.rowcount:
            self._report.removed.append(path)


def remove(names: Sequence[str], folder: Path | None = None, *, everything: bool = False) -> int:
    """Removes documents by their paths, folders' with all that is in them; how many those were.

    Raises ``InputError`` for one that is not known, and nothing is removed; ``StorageError``.
    """
    with _writing(folder) as connection:
        with transaction(connection):
            found = _wanted(connection, names, everything=everything)
            connection.executemany("DELETE FROM source WHERE path = ?", [(path,) for path in found])
            _changed(connection)
        _count_terms(connection)
    return len(found)


def _wanted(connection: sqlite3.Connection, names: Sequence[str], *, everything: bool) -> set[str]:
    found: set[str] = set()
    if everything:
        found.update(path for (path,) in connection.execute("SELECT path FROM source"))
    for name in names:
        known = _below(connection, _absolute(Path(name))) or _below(connection, Path(name))
        if not known:
            raise InputError(f"{name} is not among the documents: see voicestand knowledge list")
        found.update(known)
    return found


def _absolute(path: Path) -> Path:
    """As it was named, from the root: what a link leads to may change."""
    return Path(os.path.normpath(path.absolute()))


def _below(connection: sqlite3.Connection, path: Path) -> list[str]:
    """The known document ``path``, or those in the folder ``path``."""
    folder = str(path).rstrip("/") + "/"
    rows = connection.execute(
        "SELECT path FROM source WHERE path = ? OR substr(path, 1, ?) = ?",
        (str(path), len(folder), folder),
    )
    return [found for (found,) in rows]


def _finish(connection: sqlite3.Connection, report: Added, embedder: Embedder | None) -> None:
    _count_terms(connection)
    try:
        while embedder is not None and _embed(connection, embedder):
            pass
    except ModelError as error:
        report.without_vectors = str(error)


def _embed(connection: sqlite3.Connection, embedder: Embedder) -> bool:
    """Gives vectors to some passages that have none of this model; False if all have."""
    rows = connection.execute(
        "SELECT number, headings, text FROM passage WHERE NOT EXISTS"
        " (SELECT 1 FROM vector WHERE vector.passage = passage.number AND model = ?) LIMIT ?",
        (embedder.name, _EMBEDDED_AT_ONCE),
    ).fetchall()
    if not rows:
        return False
    vectors = embedder.passages([f"{headings}\n{text}".strip() for _, headings, text in rows])
    with transaction(connection):
        connection.executemany(
            # Meanwhile another program may have put something else in its place.
            "INSERT OR REPLACE INTO vector (passage, model, value)"
            " SELECT number, ?, ? FROM passage WHERE number = ? AND text = ?",
            (
                (embedder.name, vector.tobytes(), number, text)
                for (number, _, text), vector in zip(rows, vectors, strict=True)
            ),
        )
    return True


def _changed(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO uncounted DEFAULT VALUES")


def _count_terms(connection: sqlite3.Connection) -> None:
    """Merges the index and counts its stems anew, if anything has changed since they were."""
    if not connection.execute("SELECT 1 FROM uncounted").fetchone():
        return
    with transaction(connection):
        connection.execute("INSERT INTO passage_text (passage_text) VALUES ('optimize')")
        connection.execute("DELETE FROM term")
        connection.execute("INSERT INTO term (stem, passages) SELECT term, doc FROM passage_term")
        connection.execute("DELETE FROM uncounted")


@contextmanager
def _writing(folder: Path | None) -> Iterator[sqlite3.Connection]:
    path = schema.knowledge_path(folder)
    try:
        make_private_file(path)
        with closing(connect(path, schema.SCHEMA)) as connection:
            connection.execute("PRAGMA secure_delete=ON")
            # A power failure may take the latest documents, never the file: the next add has them.
            connection.execute("PRAGMA synchronous=NORMAL")
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise storage_error(error, path, schema.SCHEMA) from error


def _sniffed(data: bytes) -> documents.Format:
    """The format of what has no name that tells it."""
    begin = data[:1024].lstrip().lower()
    if begin.startswith(b"%pdf-"):
        return "pdf"
    if begin.startswith(b"pk\x03\x04"):
        return "docx"
    if begin.startswith((b"<!doctype html", b"<html")):
        return "html"
    return "markdown"
