"""Any audio or video file as float32 frames, through FFmpeg's libraries (PyAV)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from voicestand.errors import InputError

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

SAMPLE_RATES = (1_000, 768_000)
"""Hz; what can be resampled to 16 kHz."""
MOST_CHANNELS = 256

_FULL_SCALE = {"u8": 128.0, "s16": 32768.0, "s32": 2147483648.0, "s64": 9223372036854775808.0}
"""Magnitude of the most negative sample; floating-point formats have 1."""

# A container may name others (playlists, concatenations): nothing but this file is opened.
_NO_OTHER_FILES = {"protocol_whitelist": "pipe"}


class Decoder:
    """An open audio file. Raises ``InputError`` where there is nothing to hear in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged: str | None = None
        """Why decoding ended before the end of the file, if it did."""
        _check_path(path)
        import av

        self._file = path.open("rb")
        try:
            self._container = av.open(
                self._file, mode="r", options=_NO_OTHER_FILES, metadata_errors="ignore"
            )
        except (av.FFmpegError, ValueError, OSError) as error:
            self._file.close()
            raise InputError(
                f"{path} is no audio file that can be read: {_reason(error)}"
            ) from None
        try:
            streams = self._container.streams.audio
            if not streams:
                raise InputError(f"{path} has no audio in it")
            self._frames = self._decode(streams[0])
            self._first = next(self._frames, None)
            if self._first is None:
                why = f": {self.damaged}" if self.damaged else ""
                raise InputError(f"{path} holds no audio{why}")
            self.sample_rate: int = self._first.sample_rate
            self.channels: int = len(self._first.layout.channels)
            self._check_shape()
            self.duration: float | None = self._stated_duration(streams[0])
            """Seconds as the file states it; may be wrong or absent."""
        except BaseException:
            self.close()
            raise

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """The audio once, as float32 (frames, channels), C-contiguous, 1 = full scale.

        Ends early, with ``damaged`` set, at data that cannot be decoded.
        """
        first, self._first = self._first, None
        if first is not None:
            yield _interleaved(first, self.channels)
        for frame in self._frames:
            if len(frame.layout.channels) != self.channels or frame.sample_rate != self.sample_rate:
                self.damaged = "the sample rate or the number of channels changes within the file"
                return
            yield _interleaved(frame, self.channels)

    def close(self) -> None:
        """Closes the file. Safe to repeat."""
        with suppress(ValueError, OSError):
            self._container.close()
        self._file.close()

    def _decode(self, stream: Any) -> Iterator[AudioFrame]:
        import av

        try:
            for frame in self._container.decode(stream):
                if frame.samples > 0:
                    yield frame
        except (av.FFmpegError, ValueError, OSError) as error:
            self.damaged = _reason(error)

    def _check_shape(self) -> None:
        low, high = SAMPLE_RATES
        if not low <= self.sample_rate <= high:
            raise InputError(
                f"{self.path} has a sample rate of {self.sample_rate} Hz: "
                f"{low} to {high} Hz can be used"
            )
        if not 1 <= self.channels <= MOST_CHANNELS:
            raise InputError(
                f"{self.path} has {self.channels} channels: 1 to {MOST_CHANNELS} can be used"
            )

    def _stated_duration(self, stream: Any) -> float | None:
        if stream.duration is not None and stream.time_base is not None:
            seconds = float(stream.duration * stream.time_base)
        elif self._container.duration is not None:
            seconds = self._container.duration / 1e6
        else:
            return None
        return seconds if seconds > 0 else None


def _check_path(path: Path) -> None:
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder: name a recording in it")
        if not path.exists():
            raise InputError(f"there is no file {path}")
        with path.open("rb") as file:
            if path.is_file() and not file.read(1):
                raise InputError(f"{path} is empty")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError:  # a NUL in the name
        raise InputError(f"{str(path)!r} is no file name") from None


def _interleaved(frame: AudioFrame, channels: int) -> NDArray[np.float32]:
    """One frame as float32 (frames, channels). Converted here, since FFmpeg's resampler stops at 64
    channels and its dither would make decoding depend on the version."""
    kind = frame.format.name.removesuffix("p")
    raw = frame.to_ndarray()
    rows = raw.T if frame.format.is_planar else raw.reshape(-1, channels)
    full_scale = _FULL_SCALE.get(kind)
    if full_scale is None:
        # A double beyond the range of a float becomes infinite; the core replaces it by a limit.
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(rows, dtype=np.float32)
    if kind == "u8":
        return (rows.astype(np.float32) - np.float32(128.0)) / np.float32(full_scale)
    return np.ascontiguousarray(rows.astype(np.float64) / full_scale, dtype=np.float32)


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
