"""Finding passages by their meaning: exact cosines with all of them."""

from __future__ import annotations

import sqlite3
from typing import Self

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


def normalized(rows: Matrix) -> Matrix:
    """Each row with length 1; one that is nothing stays so."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Matrix = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return scaled


class Vectors:
    """The vectors of the passages that one model has made: of length 1, one a row."""

    def __init__(self, model: str, numbers: NDArray[np.int64], rows: Matrix) -> None:
        self.model = model
        self._numbers = numbers
        self._rows = rows

    @classmethod
    def load(cls, connection: sqlite3.Connection, model: str) -> Self:
        """Reads them from the store. Raises ``sqlite3.Error``."""
        count, size = connection.execute(
            "SELECT count(*), max(length(value)) FROM vector WHERE model = ?", (model,)
        ).fetchone()
        numbers = np.empty(count, np.int64)
        rows = np.empty((count, (size or 0) // 4), np.float32)
        found = connection.execute(
            "SELECT passage, value FROM vector WHERE model = ? LIMIT ?", (model, count)
        )
        for at, (number, value) in enumerate(found):
            numbers[at] = number
            rows[at] = np.frombuffer(value, np.float32)
        return cls(model, numbers, rows)

    def __len__(self) -> int:
        return len(self._numbers)

    def ranked(self, vector: Matrix, limit: int) -> list[tuple[int, float]]:
        """The numbers of the nearest passages with their cosines, the nearest first."""
        if vector.shape != self._rows.shape[1:]:
            return []
        # NB: not ``@``. OpenBLAS shares even so small a product between all cores and waits for the
        # last one: 32 ms among 10,000 rows on a busy machine, and 0.7 so.
        cosines = np.einsum("ij,j->i", self._rows, vector)
        nearest = np.argpartition(-cosines, min(limit, len(cosines)) - 1)[:limit]
        nearest = nearest[np.lexsort((self._numbers[nearest], -cosines[nearest]))]
        return [(int(self._numbers[at]), float(cosines[at])) for at in nearest]
