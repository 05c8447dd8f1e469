"""Decoded frames of any sample format as interleaved float32."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voicestand.errors import InputError

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

# NumPy's type of a sample, and the magnitude of the most negative one; floating point has 1.
_FORMATS = {
    "u8": ("u1", 128.0),
    "s16": ("i2", 32768.0),
    "s32": ("i4", 2147483648.0),
    "s64": ("i8", 9223372036854775808.0),
    "flt": ("f4", 1.0),
    "dbl": ("f8", 1.0),
}

_MOST_PLANES = 7
"""Channels of a planar frame that PyAV (18) can be asked for. It looks for a null pointer behind
the last plane; from eight on there is none, and it reads memory that is not the frame's."""

_MOST_PACKED = 64
"""Channels that FFmpeg's own converter takes."""


class Interleaver:
    """Turns the frames of one stream into float32 (frames, channels), 1 = full scale.

    Converted here, not by FFmpeg, whose dither would make decoding depend on its version. Raises
    ``InputError`` for more planar channels than can be read.
    """

    def __init__(self, frame: AudioFrame) -> None:
        """For frames like ``frame``."""
        self.channels: int = frame.layout.nb_channels
        self._packer = None
        if frame.format.is_planar and self.channels > _MOST_PLANES:
            if self.channels > _MOST_PACKED:
                raise InputError(
                    f"{self.channels} channels, each apart: up to {_MOST_PACKED} can be used"
                )
            from av.audio.resampler import AudioResampler

            # The same samples, interleaved: no conversion, so no dither.
            self._packer = AudioResampler(format=frame.format.name.removesuffix("p"))

    def __call__(self, frame: AudioFrame) -> NDArray[np.float32]:
        """The samples of ``frame``, C-contiguous."""
        if self._packer is None:
            return _samples(frame, self.channels)
        packed = [_samples(part, self.channels) for part in self._packer.resample(frame)]
        return np.concatenate(packed) if packed else np.zeros((0, self.channels), np.float32)


def _samples(frame: AudioFrame, channels: int) -> NDArray[np.float32]:
    kind, full_scale = _FORMATS[frame.format.name.removesuffix("p")]
    planes = frame.planes
    if frame.format.is_planar:
        rows = np.stack(
            [
                np.frombuffer(memoryview(planes[index]), kind, frame.samples)
                for index in range(channels)
            ],
            axis=1,
        )
    else:
        rows = np.frombuffer(memoryview(planes[0]), kind, frame.samples * channels).reshape(
            -1, channels
        )
    if full_scale == 1.0:
        # A double beyond the range of a float becomes infinite; the core replaces it by a limit.
        with np.errstate(over="ignore"):
            return rows.astype(np.float32, order="C")
    if kind == "u1":
        return (rows.astype(np.float32) - np.float32(128.0)) / np.float32(full_scale)
    return (rows / full_scale).astype(np.float32, order="C")
