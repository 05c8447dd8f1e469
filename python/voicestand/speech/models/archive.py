"""Unpacking an archive from a stranger: plain files in plain folders, and not too much of them."""

from __future__ import annotations

import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from voicestand.errors import ModelError

MOST_FILES = 10_000
SWELLING = 8
"""An archive of weights unpacks to little more than its own size; this is far beyond any."""
ALWAYS_ALLOWED = 64 << 20
"""Bytes that even the smallest archive may unpack to."""

_PIECE = 1 << 20
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,  # a compression that zipfile does not know
    RuntimeError,  # a zip with a password
    ValueError,
)


class _Entry(NamedTuple):
    name: str
    size: int
    content: IO[bytes] | None
    """None for a folder."""


def unpack(archive: Path, target: Path) -> None:
    """Unpacks ``archive`` (tar, however compressed, or zip) into the new folder ``target``.

    A single folder that holds all the rest is left out of the paths.

    Raises ``ModelError`` for links, devices, paths that lead out of the folder, two files of one
    name, more than :data:`MOST_FILES` of them, more bytes than :data:`SWELLING` times those of the
    archive, and for damage. What was unpacked until then stays in ``target``.
    """
    allowed = max(ALWAYS_ALLOWED, SWELLING * archive.stat().st_size)
    target.mkdir()
    with _told(archive):
        for count, entry in enumerate(_entries(archive)):
            if count >= MOST_FILES:
                raise ModelError(f"{archive.name} holds more than {MOST_FILES} files")
            path = target / _inside(entry.name)
            if entry.content is None:
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            allowed -= _write(entry.content, path, allowed)
    _lift(target)


@contextmanager
def _told(archive: Path) -> Iterator[None]:
    try:
        yield
    except ModelError as error:
        raise ModelError(f"{archive.name} is not unpacked: {error}") from error
    except FileExistsError as error:
        raise ModelError(f"{archive.name} is not unpacked: it holds one name twice") from error
    except _DAMAGE as error:
        # tarfile says in several lines what else it could have been.
        why = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise ModelError(f"{archive.name} is damaged: {why.rstrip(':')}") from error
    except OSError as error:
        # bz2 says by an OSError without a number that its data is invalid.
        what = error.strerror if error.errno else f"it is damaged: {error}"
        raise ModelError(f"{archive.name} cannot be unpacked: {what}") from error


def _entries(archive: Path) -> Iterator[_Entry]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            yield from _zip_entries(file)
        return
    with tarfile.open(archive, "r:*") as file:
        for member in file:
            if member.isdir():
                yield _Entry(member.name, 0, None)
            elif member.isreg():
                yield _Entry(member.name, member.size, file.extractfile(member))
            else:
                raise ModelError(f"{member.name} is a link or a device")


def _zip_entries(file: zipfile.ZipFile) -> Iterator[_Entry]:
    for info in file.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ModelError(f"{info.filename} is a link or a device")
        if info.is_dir():
            yield _Entry(info.filename, 0, None)
            continue
        with file.open(info) as content:
            yield _Entry(info.filename, info.file_size, content)


def _inside(name: str) -> PurePosixPath:
    """The path ``name``, which stays in the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise ModelError(f"the path {name!r} leads out of the folder")
    return path


def _write(content: IO[bytes], path: Path, allowed: int) -> int:
    """Writes a file of at most ``allowed`` bytes; returns how many they are."""
    written = 0
    # O_EXCL also refuses to follow a link, should one have come into the folder.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        while piece := content.read(_PIECE):
            written += len(piece)
            if written > allowed:
                raise ModelError("it holds far more than an archive of its size should")
            file.write(piece)
    return written


def _lift(target: Path) -> None:
    """Takes away the one folder that everything is in."""
    entries = list(target.iterdir())
    if len(entries) != 1 or not entries[0].is_dir():
        return
    only = entries[0].rename(target.with_name(f"{target.name}.only"))
    target.rmdir()
    only.rename(target)
