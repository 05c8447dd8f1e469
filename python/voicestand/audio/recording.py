"""A whole recording in memory, conditioned like live audio."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from voicestand.audio.source import SPEECH_RATE
from voicestand.config import AudioSettings


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """Speech as a recognizer hears it."""

    samples: NDArray[np.float32]
    """float32 (channels, n) at 16 kHz, 1 = full scale: one row a role."""
    source_rate: int
    """Hz, of the file."""
    duration: float
    """Seconds."""


def load(path: Path, settings: AudioSettings) -> Recording:
    """The recording at ``path`` after the whole native conditioning chain.

    Takes 64 kB a second and channel. Raises ``InputError`` if the file cannot be read or holds no
    audio; where it is damaged further on, there is silence.
    """
    from voicestand.audio.file import FileSource

    source = FileSource(path, settings, pace="max")
    try:
        reader = source.engine.speech_reader(SPEECH_RATE)
        source.start()
        windows = []
        while (window := reader.read()) is not None:
            windows.append(window.samples[:, : window.frames])
    finally:
        source.close()
    empty = np.zeros((len(source.roles), 0), np.float32)
    return Recording(
        samples=np.concatenate(windows, axis=1) if windows else empty,
        source_rate=source.sample_rate,
        duration=source.frames_read / source.sample_rate,
    )
