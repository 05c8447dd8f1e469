"""Finding documents in folders, and reading files that may be anything."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from voicestand.errors import InputError
from voicestand.knowledge.documents import format_of

MOST_BYTES = 32 << 20
"""A document; what is larger is a dump of something."""


class Refused(msgspec.Struct, frozen=True):
    """What could not be read."""

    path: str
    reason: str


def within(folder: Path) -> Iterator[Path | Refused]:
    """The files in ``folder`` and below whose names tell a known format, in order.

    What is hidden is passed over, and links to folders, which may lead in circles.
    """
    failures: list[OSError] = []
    for where, folders, files in os.walk(folder, onerror=failures.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(where, name)
            if not name.startswith(".") and format_of(path) is not None:
                yield path
        while failures:
            error = failures.pop()
            yield Refused(str(error.filename), f"cannot be read: {error.strerror}")
    for error in failures:
        yield Refused(str(error.filename), f"cannot be read: {error.strerror}")


def content(path: Path) -> bytes:
    """The bytes of an ordinary file. Raises ``InputError``; never waits for a pipe or a device."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise InputError("is no ordinary file")
            if found.st_size > MOST_BYTES:
                raise InputError(f"has more than {MOST_BYTES >> 20} MB: split it")
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from None
    if len(data) > MOST_BYTES:  # it grows while it is read, or says a size that is none
        raise InputError(f"has more than {MOST_BYTES >> 20} MB: split it")
    return data
