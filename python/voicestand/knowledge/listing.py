"""Which documents there are."""

from __future__ import annotations

from pathlib import Path

import msgspec

from voicestand.database.snapshot import reading
from voicestand.knowledge import schema


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document as it was added."""

    path: str
    format: str
    bytes: int
    passages: int
    vectors: int
    """How many of its passages can be found by their meaning."""
    added: str
    """Wall time, ISO 8601 with offset."""


def documents(folder: Path | None = None) -> list[Document]:
    """All documents, by path. Raises ``StorageError``."""
    with reading(schema.knowledge_path(folder), schema.SCHEMA) as connection:
        if connection is None:
            return []
        rows = connection.execute(
            "SELECT path, format, bytes, count(passage.number), count(vector.passage), added"
            " FROM source LEFT JOIN passage ON passage.source = source.number"
            " LEFT JOIN vector ON vector.passage = passage.number"
            " GROUP BY source.number ORDER BY path"
        )
        return [
            Document(path=path, format=form, bytes=size, passages=count, vectors=known, added=added)
            for path, form, size, count, known, added in rows
        ]
