"""Resampling a whole signal at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voicestand._native import Resampler


def resample(samples: ArrayLike, input_rate: int, output_rate: int = 16_000) -> NDArray[np.float32]:
    """``samples`` at another rate: float32 (ceil(n * output_rate / input_rate), …).

    ``samples``: (n,) or (n, channels), converted to float32; rates in Hz, 1,000 to 768,000. Output
    k lies at input ``k * input_rate / output_rate``. Raises ``ValueError`` for other rates or
    shapes.
    """
    audio = np.asarray(samples, dtype=np.float32)
    if audio.ndim == 1:
        return _channel(Resampler(input_rate, output_rate), audio)
    if audio.ndim != 2:
        raise ValueError(f"samples of {audio.ndim} dimensions: (n,) or (n, channels) are possible")
    if audio.shape[1] == 0:
        raise ValueError("samples of no channels")
    resampler = Resampler(input_rate, output_rate)
    channels = []
    for channel in audio.T:
        channels.append(_channel(resampler, channel))
        resampler.reset()
    return np.stack(channels, axis=1)


def _channel(resampler: Resampler, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    done = resampler.process(np.ascontiguousarray(samples))
    return np.concatenate([done, resampler.finish()])
