"""Finding the passages that say something about what was said."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from voicestand.database.failure import storage_error
from voicestand.errors import InputError, ModelError
from voicestand.knowledge import schema
from voicestand.knowledge.fusion import fused
from voicestand.knowledge.lexical import Synonyms, ranked
from voicestand.knowledge.view import View

if TYPE_CHECKING:
    from voicestand.knowledge.embedding import Embedder
    from voicestand.knowledge.vectors import Matrix

LONGEST_QUERY = 2000
"""Characters; of a longer text the end is looked for, which was said last."""

CANDIDATES = 50
"""Of each ranking that is fused."""

MOST_CACHED = 256
"""Answers that are kept until the knowledge changes."""

_NO_SYNONYMS: Synonyms = {}


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where in its document a passage begins."""

    headings: tuple[str, ...] = ()
    """Under which it stands, the outermost first."""
    page: int | None = None
    line: int | None = None
    """Counted from 1."""

    def __str__(self) -> str:
        parts = [" › ".join(self.headings)] if self.headings else []
        parts += [f"page {self.page}"] if self.page is not None else []
        parts += [f"line {self.line}"] if self.line is not None and self.page is None else []
        return ", ".join(parts)


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """Some sentences of a document that were found."""

    source: str
    """Path of the document."""
    place: Place
    text: str
    score: float
    """Reciprocal rank fusion, for comparing passages of one search."""
    bm25: float | None = None
    """By words; None: not found by them. Grows with the number of words looked for."""
    cosine: float | None = None
    """By meaning, -1 to 1; None: not found by it."""


class Knowledge:
    """The user's documents, open for searching.

    Every method may be called from any thread. What another process adds or removes is seen by the
    next search. ``close`` it, or use it in a ``with`` statement.
    """

    def __init__(self, path: Path, embedder: Embedder | None = None) -> None:
        self._path = path
        self._embedder = embedder
        self._lock = threading.Lock()
        """Guards what follows: SQLite's connection and what was learnt of one state of the file."""
        self._view = View(path)
        self._answers: OrderedDict[object, list[Passage]] = OrderedDict()
        self._executor = ThreadPoolExecutor(1, "knowledge")

    @classmethod
    def open(cls, path: Path | None = None, embedder: Embedder | None = None) -> Knowledge:
        """Opens the knowledge in the folder ``path``, by default ``$XDG_DATA_HOME/voicestand``.

        One that is not there is empty. With an ``embedder``, passages that were added with the same
        one are also found by their meaning. Raises ``StorageError`` for a file that is damaged, or
        of a newer program.
        """
        return cls(schema.knowledge_path(path), embedder)

    def search(self, text: str, limit: int = 5, synonyms: Synonyms = _NO_SYNONYMS) -> list[Passage]:
        """The passages that have most to do with ``text``, the best first.

        ``synonyms``: for words and phrases in ``text``, what the documents may call them. Raises
        ``InputError`` for a limit below 1, ``StorageError`` if the file cannot be read.
        """
        if limit < 1:
            raise InputError(f"limit {limit}: give 1 or more")
        text = text[-LONGEST_QUERY:]
        key = (text, limit, tuple((word, tuple(others)) for word, others in synonyms.items()))
        vector = self._vector(text)
        with self._lock:
            try:
                self._refresh()
                if key not in self._answers:
                    self._answers[key] = self._searched(text, limit, synonyms, vector)
                    if len(self._answers) > MOST_CACHED:
                        self._answers.popitem(last=False)
                self._answers.move_to_end(key)
                return list(self._answers[key])
            except sqlite3.Error as error:
                raise storage_error(error, self._path, schema.SCHEMA) from error

    async def search_async(
        self, text: str, limit: int = 5, synonyms: Synonyms = _NO_SYNONYMS
    ) -> list[Passage]:
        """The same in a thread of its own: the event loop goes on."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self.search, text, limit, synonyms)

    def close(self) -> None:
        """Frees what it holds; nothing may be searched any more."""
        self._executor.shutdown()
        with self._lock:
            self._view.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _refresh(self) -> None:
        if not self._view.is_current():
            self._view.close()
            self._view = View(self._path)
            self._answers.clear()

    def _vector(self, text: str) -> Matrix | None:
        """What the model makes of it; None without a model, or if it does not answer in time."""
        if self._embedder is None or not text.strip():
            return None
        try:
            return self._embedder.query(text)
        except ModelError:
            return None  # ``add`` says what is wrong with it; a search goes on

    def _searched(
        self, text: str, limit: int, synonyms: Synonyms, vector: Matrix | None
    ) -> list[Passage]:
        view = self._view
        if view.connection is None or view.lexicon is None:
            return []
        most = max(limit, CANDIDATES)
        by_words = dict(ranked(view.connection, view.lexicon, text, synonyms, most))
        by_meaning: dict[int, float] = {}
        if vector is not None and self._embedder is not None:
            vectors = view.vectors(self._embedder.name)
            by_meaning = dict(vectors.ranked(vector, most)) if vectors is not None else {}
        best = fused([list(by_words), list(by_meaning)])[:limit]
        found = (
            self._passage(number, score, by_words.get(number), by_meaning.get(number))
            for number, score in best
        )
        return [passage for passage in found if passage is not None]

    def _passage(
        self, number: int, score: float, bm25: float | None, cosine: float | None
    ) -> Passage | None:
        assert self._view.connection is not None
        row = self._view.connection.execute(
            "SELECT path, headings, page, line, text FROM passage"
            " JOIN source ON source.number = passage.source WHERE passage.number = ?",
            (number,),
        ).fetchone()
        if row is None:
            return None  # removed since it was ranked
        source, headings, page, line, text = row
        place = Place(headings=tuple(headings.splitlines()), page=page, line=line)
        return Passage(source=source, place=place, text=text, score=score, bm25=bm25, cosine=cosine)
