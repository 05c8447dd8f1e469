"""The fields of a protocol buffer, as far as files of models need them."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from typing import IO

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
"""Kinds of fields; groups are in no file of a model."""


def fields(file: IO[bytes], wanted: Collection[int]) -> Iterator[tuple[int, bytes]]:
    """Number and content of each field of ``wanted`` that is no varint; the rest is not read.

    Raises ``ValueError`` or ``EOFError`` where the file is no protocol buffer.
    """
    while tag := _varint(file, at_start=True):
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            _varint(file)
            continue
        fixed = {EIGHT_BYTES: 8, FOUR_BYTES: 4}
        if kind != LENGTH and kind not in fixed:
            raise ValueError(f"it holds a field of the unknown kind {kind}")
        length = _varint(file) if kind == LENGTH else fixed[kind]
        if number in wanted:
            yield number, file.read(length)
        else:
            file.seek(length, io.SEEK_CUR)


def message(content: bytes, wanted: Collection[int]) -> dict[int, bytes]:
    """The same of a message within another one; of a field that is there twice, the last."""
    return dict(fields(io.BytesIO(content), wanted))


def _varint(file: IO[bytes], *, at_start: bool = False) -> int:
    """The next number; 0 at the end of the file, if it may end here."""
    value, shift = 0, 0
    while True:
        byte = file.read(1)
        if not byte:
            if at_start and shift == 0:
                return 0
            raise EOFError("it ends too early")
        value |= (byte[0] & 0x7F) << shift
        shift += 7
        if byte[0] < 0x80:
            return value
        if shift > 63:
            raise ValueError("it holds a number that is too large")
