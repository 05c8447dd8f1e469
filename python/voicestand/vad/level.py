"""How loud the speech of a channel is, and the gain at which the model should hear it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicestand.vad.windows import HOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = -10.0
"""dBFS of speech at which the model hears it. Measured on labelled recordings: from -14 to -8 its
errors are fewest, at -27, a usual level, a tenth (live) to a fifth (files) more."""

MAX_GAIN = 40.0
"""dB; what would need more is no speech."""

USUAL = -27.0
"""dBFS of speech where nothing is known yet."""

_CREDIT = 30.0
"""Windows of speech that ``USUAL`` counts for: about a second."""
_MEMORY = 100.0
"""Windows of speech over which the level is a mean: about three seconds."""
_SPEECH = 0.5
"""The least probability of a window that tells of the level: noise must never raise the gain."""


class SpeechLevel:
    """The level of one live channel's speech so far: a mean over its latest windows of speech."""

    def __init__(self) -> None:
        self._power = 10 ** (USUAL / 10)
        self._weight = _CREDIT
        self.gain = _gain(self._power)
        """The factor, within ±``MAX_GAIN``, that brings that speech to ``LEVEL``."""

    def hear(self, power: float, probability: float) -> None:
        """Takes the power of the next window, as it came, and how probably it holds speech."""
        if probability < _SPEECH:
            return
        self._weight = min(self._weight + probability, _MEMORY)
        self._power += probability / self._weight * (power - self._power)
        self.gain = _gain(self._power)


def power(window: NDArray[np.float32]) -> float:
    """The mean square of its samples; 1 at most, as of audio within ±1."""
    # NB: np.mean is Python; between two windows the recognizers have the caches, and it took ten
    # times as long.
    wide = window.astype(np.float64)
    return min(float(np.dot(wide, wide)) / len(wide), 1.0)


def speech_gain(recording: NDArray[np.float32], probabilities: NDArray[np.float32]) -> np.float32:
    """The factor, within ±``MAX_GAIN``, that brings the speech of a recording to ``LEVEL``.

    The level of speech is the mean power of the windows, weighted by their probabilities.
    """
    padded = np.pad(recording, (0, len(probabilities) * HOP - len(recording)))
    powers = np.square(padded.reshape(-1, HOP), dtype=np.float64).mean(axis=1)
    return _gain(np.sum(powers * probabilities) / max(float(np.sum(probabilities)), 1e-9))


def _gain(power: float) -> np.float32:
    missing = LEVEL - 10 * np.log10(power + 1e-12)
    return np.float32(10 ** (np.clip(missing, -MAX_GAIN, MAX_GAIN) / 20))
