"""The audio of utterances without a final: ``spool/SESSION/UTTERANCE.wav`` by the journal.

A file is a WAV file that any player takes, 16 kHz mono 16 bits, with a chunk of ours that says what
it is. Wherever it was cut off, it is a beginning of the utterance, as long as the file is.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from voicestand.audio.source import SPEECH_RATE
from voicestand.journal import private_file, recordings

HEADER = 512
"""Bytes before the first sample: one sector, so that no power failure leaves half of it."""

LONGEST = 3600 * SPEECH_RATE
"""Samples that a file may hold; more is no utterance."""

_FORMAT = struct.Struct("<4sI4s4sIHHIIHH4sI")
_DATA = struct.Struct("<4sI")
_ABOUT = HEADER - _FORMAT.size - _DATA.size
_GROWING = 0xFFFF_FFFF
"""The length while it is not known; players read on to the end of the file."""

Pcm = NDArray[np.int16]


class About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file holds. Positions are samples on the channel's clock."""

    session: str
    channel: str
    utterance: str
    start: int
    """Of the first sample in the file."""
    speech_start: int
    speech_end: int | None = None
    """``None``: it was not over."""
    attempts: int = 0
    """How often somebody began to transcribe it after its session had died."""


class Spooled(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was found."""

    path: Path
    about: About
    samples: int

    @property
    def end(self) -> int:
        """Where its speech ends, as far as it is in the file."""
        known = self.about.start + self.samples
        return known if self.about.speech_end is None else min(self.about.speech_end, known)


def folder_of(journal: Path, session: str) -> Path:
    """Where the utterances of a session are, by the ``journal`` (its file)."""
    return journal.parent / recordings.SPOOL / session


def make_folder(journal: Path, session: str) -> Path:
    """Makes it (0700). Raises ``OSError``."""
    folder = folder_of(journal, session)
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def kept_name(session: str, utterance: str) -> str:
    """Where the audio of an utterance stays that was not understood, from the journal's folder."""
    return f"{recordings.FOLDER}/{session}/{utterance}.wav"


class SpoolFile:
    """A file that is being written."""

    def __init__(self, folder: Path, about: About) -> None:
        """Makes it (0600). Raises ``OSError``, also if there is one already."""
        self.about = about
        self.path = folder / f"{about.utterance}.wav"
        header = _header(about)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = os.open(self.path, flags, 0o600)
        self.samples = 0
        """Written so far."""
        os.pwrite(self._fd, header, 0)

    @property
    def size(self) -> int:
        """Bytes."""
        return HEADER + 2 * self.samples

    @property
    def head(self) -> int:
        """Position of the next sample."""
        return self.about.start + self.samples

    def append(self, pcm: Pcm) -> None:
        """Adds samples. Raises ``OSError``; then what was written of them does not count."""
        data = memoryview(pcm.astype("<i2", copy=False).tobytes())
        at = self.size
        while data:
            written = os.pwrite(self._fd, data, at)
            data, at = data[written:], at + written
        self.samples += len(pcm)

    def finish(self, about: About, end: int) -> None:
        """It is over, and its audio ends before position ``end``. Raises ``OSError``."""
        self.about = about
        os.pwrite(self._fd, _header(about), 0)
        self.samples = max(0, min(self.samples, end - about.start))
        os.ftruncate(self._fd, self.size)

    def sync(self) -> None:
        """Waits until what was written would survive a power failure. Raises ``OSError``."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        """Closes the file and leaves it there; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def find(folder: Path) -> list[Spooled]:
    """The utterances in a session's folder, in the order in which they began.

    What cannot be read is not among them. Raises ``OSError`` only for the folder itself.
    """
    found = [spooled for path in _files(folder) if (spooled := inspect(path)) is not None]
    return sorted(found, key=lambda one: (one.about.start, one.about.utterance))


def inspect(path: Path) -> Spooled | None:
    """What a file holds; ``None`` if it is none of ours, or damaged."""
    try:
        with _opened(path, os.O_RDONLY) as fd:
            header, size = os.pread(fd, HEADER, 0), os.fstat(fd).st_size
    except OSError:
        return None
    about = _parse(header)
    samples = (size - HEADER) // 2
    if about is None or not 0 <= samples <= LONGEST:
        return None
    ours = (about.utterance, about.session) == (path.stem, path.parent.name)
    return Spooled(path=path, about=about, samples=samples) if ours else None


def audio(spooled: Spooled) -> Pcm:
    """Its samples. Raises ``OSError``."""
    with _opened(spooled.path, os.O_RDONLY) as fd:
        data = os.pread(fd, 2 * spooled.samples, HEADER)
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)


def note_attempts(spooled: Spooled, attempts: int) -> None:
    """Notes, durably, how often somebody began to transcribe it. Raises ``OSError``."""
    about = msgspec.structs.replace(spooled.about, attempts=attempts)
    with _opened(spooled.path, os.O_RDWR) as fd:
        os.pwrite(fd, _header(about), 0)
        os.fdatasync(fd)


def keep(path: Path, journal: Path) -> None:
    """Moves the file to where :func:`kept_name` says. Raises ``OSError``."""
    session, utterance = path.parent.name, path.stem
    recordings.make_folder(journal, session)
    with _opened(path, os.O_RDWR) as fd:
        about = _parse(os.pread(fd, HEADER, 0))
        if about is not None:
            os.pwrite(fd, _header(about, (os.fstat(fd).st_size - HEADER) // 2), 0)
        os.fsync(fd)
    path.rename(journal.parent / kept_name(session, utterance))


def erase(path: Path) -> None:
    """Overwrites the file and removes it; one that is not there counts as erased.

    Raises ``OSError``.
    """
    if path.exists():
        private_file.erase(path)


def remove_empty(journal: Path, session: str) -> None:
    """Removes a session's folder if nothing is in it."""
    with suppress(OSError):
        folder_of(journal, session).rmdir()


def sessions(journal: Path) -> Iterator[Path]:
    """The folders of all sessions that have one. Raises ``OSError``."""
    root = journal.parent / recordings.SPOOL
    if root.is_dir():
        yield from (folder for folder in sorted(root.iterdir()) if folder.is_dir())


def waiting(journal: Path, session: str) -> int:
    """How many utterances of a session are there."""
    try:
        return len(find(folder_of(journal, session)))
    except OSError:
        return 0


@contextmanager
def claimed(folder: Path) -> Iterator[bool]:
    """Whether the folder is ours while this lasts: of all who want that, one gets it.

    The kernel gives it back when the process ends, however it ends. Raises ``OSError``.
    """
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        yield False
        return
    try:
        yield True
    finally:
        os.close(fd)


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.glob("*.wav"))
    except FileNotFoundError:
        return []


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    # NONBLOCK: a pipe in place of the file must not stop us.
    fd = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(22, "not a regular file", str(path))
        yield fd
    finally:
        os.close(fd)


def _header(about: About, samples: int | None = None) -> bytes:
    body = msgspec.json.encode(about)
    if len(body) > _ABOUT:
        raise OSError(36, "its names are too long for a header", about.utterance)
    data = _GROWING if samples is None else 2 * samples
    riff = _GROWING if samples is None else HEADER - 8 + data
    wave = (b"RIFF", riff, b"WAVE", b"fmt ", 16, 1, 1, SPEECH_RATE, 2 * SPEECH_RATE, 2, 16)
    return _FORMAT.pack(*wave, b"vsut", _ABOUT) + body.ljust(_ABOUT) + _DATA.pack(b"data", data)


def _parse(header: bytes) -> About | None:
    """What a header says; ``None`` if it says nothing that could be true."""
    if len(header) != HEADER or not header.startswith(b"RIFF"):
        return None
    if _FORMAT.unpack_from(header)[2:] != _FORMAT.unpack_from(_EXAMPLE)[2:]:
        return None
    try:
        about = msgspec.json.decode(header[_FORMAT.size : -_DATA.size], type=About)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    names = (about.session, about.channel, about.utterance)
    positions = (about.start, about.speech_start, about.speech_end or 0, about.attempts)
    plain = all(name and "/" not in name and "\0" not in name for name in names)
    return about if plain and all(0 <= position < 1 << 53 for position in positions) else None


_EXAMPLE = _header(About(session="", channel="", utterance="", start=0, speech_start=0))
