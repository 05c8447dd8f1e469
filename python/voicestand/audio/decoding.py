"""Any audio or video file as float32 frames, through FFmpeg's libraries (PyAV)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from voicestand.audio.interleaving import Interleaver
from voicestand.audio.timeline import Timeline
from voicestand.errors import InputError

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

SAMPLE_RATES = (1_000, 768_000)
"""Hz; what can be resampled to 16 kHz."""
MOST_CHANNELS = 256

_OPTIONS = {
    # A container may name others (playlists, concatenations): nothing but this file is opened,
    # since no protocol has this name.
    "protocol_whitelist": "none",
    # Bytes of the index that FFmpeg makes of what it read, for seeking, which is never done here.
    "indexmem": "4096",
}


_SILENCE_FRAMES = 4096


class Decoder:
    """An open audio file. Raises ``InputError`` where there is nothing to hear in it.

    What cannot be decoded in the middle is silence of the same length, as far as the file has time
    stamps, so that what follows keeps its time.
    """

    def __init__(self, path: Path) -> None:
        self.name = printable(path)
        self._undecodable: str | None = None
        self._file = _open(path, self.name)
        import av

        try:
            self._container = av.open(
                self._file, mode="r", options=_OPTIONS, metadata_errors="ignore"
            )
        except (av.FFmpegError, ValueError, OSError) as error:
            self._file.close()
            raise InputError(
                f"{self.name} is no audio file that can be read: {_reason(error)}"
            ) from None
        try:
            streams = self._container.streams.audio
            if not streams:
                raise InputError(f"{self.name} has no audio in it")
            self._frames = self._decode(streams[0])
            self._first = next(self._frames, None)
            if self._first is None:
                why = f": {self._undecodable}" if self._undecodable else ""
                raise InputError(f"{self.name} holds no audio{why}")
            self.sample_rate: int = self._first.sample_rate
            self.channels: int = self._first.layout.nb_channels
            self._check_shape()
            self._interleave = self._interleaver(self._first)
            self._timeline = Timeline(self.sample_rate)
            self.duration: float | None = self._stated_duration(streams[0])
            """Seconds as the file states it; may be wrong or absent."""
        except BaseException:
            self.close()
            raise

    @property
    def damaged(self) -> str | None:
        """What was wrong with the audio so far, in one line."""
        missing = self._timeline.missing
        if missing:
            seconds = f"{missing / self.sample_rate:.1f} s are missing in it and became silence"
            return f"{seconds} ({self._undecodable})" if self._undecodable else seconds
        return self._undecodable

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """The audio once, as float32 (frames, channels), C-contiguous, 1 = full scale.

        Ends early, with ``damaged`` set, where the rate or the channels change.
        """
        first, self._first = self._first, None
        for frame in chain([first] if first else [], self._frames):
            if _shape(frame) != self._shape:
                self._undecodable = "the sample rate, format or channels change within the file"
                return
            missing = self._timeline.missing_before(frame.time, frame.samples)
            for start in range(0, missing, _SILENCE_FRAMES):
                yield np.zeros((min(missing - start, _SILENCE_FRAMES), self.channels), np.float32)
            yield self._interleave(frame)

    def close(self) -> None:
        """Closes the file. Safe to repeat."""
        with suppress(ValueError, OSError):
            self._container.close()
        self._file.close()

    def _decode(self, stream: Any) -> Iterator[AudioFrame]:
        import av

        packets = self._container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
            except (av.FFmpegError, ValueError, OSError) as error:
                self._undecodable = _reason(error)
                return
            try:
                frames = packet.decode()
            except (av.FFmpegError, ValueError) as error:
                # Only this packet: the next one may be whole.
                self._undecodable = _reason(error)
                continue
            yield from (frame for frame in frames if frame.samples > 0)

    def _check_shape(self) -> None:
        low, high = SAMPLE_RATES
        if not low <= self.sample_rate <= high:
            raise InputError(
                f"{self.name} has a sample rate of {self.sample_rate} Hz: "
                f"{low} to {high} Hz can be used"
            )
        if not 1 <= self.channels <= MOST_CHANNELS:
            raise InputError(
                f"{self.name} has {self.channels} channels: 1 to {MOST_CHANNELS} can be used"
            )

    def _interleaver(self, first: AudioFrame) -> Interleaver:
        self._shape = _shape(first)
        try:
            return Interleaver(first)
        except InputError as error:
            raise InputError(f"{self.name} has {error}") from None

    def _stated_duration(self, stream: Any) -> float | None:
        if stream.duration is not None and stream.time_base is not None:
            seconds = float(stream.duration * stream.time_base)
        elif self._container.duration is not None:
            seconds = self._container.duration / 1e6
        else:
            return None
        return seconds if seconds > 0 else None


def check(path: Path) -> None:
    """Raises ``InputError`` if ``path`` is no recording; reads its beginning only."""
    Decoder(path).close()


def printable(path: Path) -> str:
    """The name of a file for humans, on one line, and for JSON.

    Control characters, and bytes that are no UTF-8, are escaped as in a Python string.
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in str(path)
    )


def _open(path: Path, name: str) -> BinaryIO:
    """Opens a file that is one and has something in it."""
    try:
        # Without waiting: a FIFO would keep us until somebody writes to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise InputError(f"there is no file {name}") from None
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror or error}") from None
    except ValueError:  # a NUL in the name
        raise InputError(f"{name} is no file name") from None
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size > 0:
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{name} is a folder: name a recording in it")
    if stat.S_ISREG(status.st_mode):
        raise InputError(f"{name} is empty")
    raise InputError(f"{name} is a pipe or a device: write the audio to a file first")


def _shape(frame: AudioFrame) -> tuple[int, int, str]:
    return frame.sample_rate, frame.layout.nb_channels, frame.format.name


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
