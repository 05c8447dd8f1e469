"""A FLAC file that is written while it is spoken, and can be played up to wherever it was cut."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from voicestand.audio.source import SPEECH_RATE


class FlacWriter:
    """One channel of 16 kHz speech, 16 bits, for the user alone (0600)."""

    def __init__(self, path: Path) -> None:
        """Makes the file. Raises ``OSError``, also if there is one already."""
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b", 0)
        # Else frames would wait in memory for a buffer of 32 KiB, some seconds of speech.
        self._container = av.open(self._file, "w", "flac", options={"flush_packets": "1"})
        self._stream = self._container.add_stream("flac", rate=SPEECH_RATE, layout="mono")
        self._stream.format = "s16"
        self._written = 0

    def write(self, samples: NDArray[np.float32]) -> None:
        """Takes any number of samples, 1 = full scale. Raises ``OSError`` (a full disk)."""
        clipped = np.clip(samples, -1, 1) * np.float32(32767)
        pcm = np.rint(clipped).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(pcm, "s16", "mono")
        frame.sample_rate = SPEECH_RATE
        frame.pts, frame.time_base = self._written, Fraction(1, SPEECH_RATE)
        self._written += samples.size
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Writes what is left and the length. Raises ``OSError``."""
        try:
            self._container.mux(self._stream.encode(None))
            self._container.close()
        finally:
            self._file.close()
