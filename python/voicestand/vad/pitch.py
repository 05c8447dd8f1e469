"""The pitch of a voice: the first strong maximum of the normalized autocorrelation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicestand.vad.windows import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAME = 1024
"""Samples per frame: four periods of the lowest voice."""

LOWEST, HIGHEST = 60.0, 400.0
"""Hz of the voices that are looked for."""

PERIODIC = 0.7
"""The least autocorrelation, at the period, of a frame that is voiced."""

_LAGS = slice(int(SAMPLE_RATE / HIGHEST), int(SAMPLE_RATE / LOWEST) + 1)
_LENGTH = 1536
"""Of the Fourier transform: a frame and the longest lag, so that nothing wraps around."""
_AS_GOOD = 0.85
"""Of the highest maximum: the first one as high is the period, later ones are its multiples."""

_window = np.hanning(FRAME).astype(np.float32)
_own = np.fft.irfft(np.abs(np.fft.rfft(_window, _LENGTH)) ** 2)[_LAGS] / np.sum(_window**2)
"""The window's own autocorrelation, by which the frame's falls with the lag."""


def pitch(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Hz of each of ``frames``, float32[n, 1024] at 16 kHz; 0 where it is not voiced.

    After P. Boersma, *Accurate short-term analysis of the fundamental frequency* (1993).
    """
    level = frames.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft((frames - level) * _window, _LENGTH, axis=1)
    correlation = np.fft.irfft(np.square(np.abs(spectrum)), axis=1)
    energy = correlation[:, :1] + 1e-9
    found = correlation[:, _LAGS] / energy / _own
    inner = found[:, 1:-1]
    maxima = np.where((inner >= found[:, :-2]) & (inner > found[:, 2:]), inner, 0.0)
    best = maxima.max(axis=1)
    first = np.argmax(maxima >= _AS_GOOD * best[:, np.newaxis], axis=1) + 1
    hertz = SAMPLE_RATE / (first + _LAGS.start)
    return np.where(best >= PERIODIC, hertz, 0.0).astype(np.float32)
