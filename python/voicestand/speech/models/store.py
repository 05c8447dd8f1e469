"""Where the models are kept, and which are there.

::

    $XDG_CACHE_HOME/voicestand/models/NAME/             a model, whole
    $XDG_CACHE_HOME/voicestand/models/NAME/model.json   its receipt
    $XDG_CACHE_HOME/voicestand/models/.parts/NAME/      what has arrived of another
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from voicestand.errors import InputError, ModelError

RECEIPT = "model.json"
_PARTS = ".parts"


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it lies on the disk."""

    path: str
    size: int
    sha256: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a pulled model is, and where it came from."""

    name: str
    engine: str
    source: str
    checked: bool
    """Whether all of it was compared with published checksums."""
    files: list[Received]


def folder() -> Path:
    """The folder of all models; it need not exist."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return cache / "voicestand" / "models"


def path_of(name: str) -> Path:
    """Where the model ``name`` is, or would be."""
    return folder() / name


def parts_of(name: str) -> Path:
    """Where what has arrived of the model ``name`` waits for the rest."""
    return folder() / _PARTS / name


def present() -> list[str]:
    """Names of the models that are there."""
    try:
        return sorted(
            path.name
            for path in folder().iterdir()
            if path.is_dir() and not path.name.startswith(".")
        )
    except OSError:
        return []


def receipt(name: str) -> Receipt | None:
    """The receipt of a model that is there; None where it has none, or one that is damaged."""
    try:
        return msgspec.json.decode((path_of(name) / RECEIPT).read_bytes(), type=Receipt)
    except (OSError, msgspec.DecodeError):
        return None


def arrived(name: str) -> int:
    """Bytes of the model ``name`` that have arrived while it is not whole."""
    total = 0
    with contextlib.suppress(OSError):
        for path in parts_of(name).rglob("*"):
            with contextlib.suppress(OSError):
                total += path.stat().st_size if path.is_file() else 0
    return total


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Keeps other processes from changing the model ``name``.

    Raises ``ModelError`` where one of them does so now, or the folder cannot be written. The kernel
    gives the lock back when its process ends, however it ends.
    """
    lock = folder() / _PARTS / f"{name}.lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ModelError(f"models cannot be kept in {folder()}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ModelError(f"another process is at work on the model {name}") from error
        yield
    finally:
        os.close(descriptor)


def publish(name: str, whole: Path) -> Path:
    """Makes the folder ``whole`` the model ``name``, in one step that survives a power failure."""
    for parent, _, files in os.walk(whole):
        for file in files:
            sync(Path(parent) / file)
        sync(Path(parent))
    target = path_of(name)
    whole.rename(target)
    sync(target.parent)
    return target


def sync(path: Path) -> None:
    """Waits until the file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def require(name: str) -> None:
    """Raises ``InputError`` where there is neither a model nor what has arrived of one."""
    if name not in present() and not parts_of(name).exists():
        there = ", ".join(present())
        raise InputError(
            f"the model {name!r} is not there: {f'there is {there}' if there else 'there is none'}"
        )


def remove(name: str) -> int:
    """Removes a model and what has arrived of one; returns the bytes that were freed.

    Raises ``InputError`` where there is neither, ``ModelError`` where another process is at work on
    it.
    """
    require(name)
    with locked(name):
        waste = folder() / _PARTS / f"{name}.removed"
        shutil.rmtree(waste, ignore_errors=True)
        if path_of(name).exists():  # it disappears in one step, too
            path_of(name).rename(waste)
        freed = sum(
            path.stat().st_size
            for part in (waste, parts_of(name))
            for path in part.rglob("*")
            if path.is_file()
        )
        for part in (waste, parts_of(name)):
            shutil.rmtree(part, ignore_errors=True)
    return freed
