"""Speech for the tests of this room: what flite says, and the shared recordings where they are."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SHARED = Path(__file__).resolve().parents[3] / "shared" / "speech"
"""Real recordings beside the repository; absent on most machines."""

RECORDINGS = sorted(SHARED.glob("*/*.wav"))
LABELLED = [path for path in RECORDINGS if path.with_suffix(".scv").exists()]

TEXT = "The first sentence is short. After a pause, the second one goes on for a little longer."


def read(path: Path) -> NDArray[np.float32]:
    """A mono 16-bit WAV file of 16 kHz as float32[n] within ±1."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        frames = file.readframes(file.getnframes())
    return np.frombuffer(frames, "<i2").astype(np.float32) / np.float32(32768)


@functools.cache
def spoken() -> NDArray[np.float32]:
    """A second of silence, ``TEXT`` in flite's voice slt, a second of silence; 16 kHz."""
    flite = shutil.which("flite")
    assert flite, "the tests need flite: install the Debian package flite (make test does)"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        subprocess.run([flite, "-voice", "slt", "-t", TEXT, "-o", str(path)], check=True)
        silence = np.zeros(16_000, np.float32)
        return np.concatenate([silence, read(path), silence])


def windows(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Whole windows of 512 samples, the last one filled up with zeros: float32[n, 512]."""
    return np.pad(samples, (0, -len(samples) % 512)).reshape(-1, 512)
