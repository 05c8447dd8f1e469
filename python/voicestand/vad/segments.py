"""The spans of speech in a whole recording, from the probabilities of its windows.

Finer than the utterances of a live channel: all of the recording is known, so a boundary lies
where the probability crosses the threshold between two windows, and short pauses count.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from voicestand.config import VadSettings
from voicestand.vad.level import speech_gain
from voicestand.vad.windows import HOP, LATENESS, PAUSE, SAMPLE_RATE, samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicestand.vad.silero import SileroVad

SHIFT = HOP // 2
"""Samples between the two passes of ``detect``."""


class Segment(msgspec.Struct, frozen=True):
    """Speech from ``start_s`` up to ``end_s``: seconds from the beginning of the recording."""

    start_s: float
    end_s: float


def detect(
    vad: SileroVad, recording: NDArray[np.float32], settings: VadSettings
) -> tuple[list[Segment], NDArray[np.float32]]:
    """The segments of a recording (float32[n], mono, 16 kHz) and its probabilities per window.

    The probabilities are those of the recording as it is. For the segments the model hears it
    again with its speech at :data:`~voicestand.vad.level.LEVEL`, and once more with windows that
    lie half a window earlier: that doubles the resolution in time and averages out where the
    windows happen to lie.
    """
    probabilities = vad.probabilities(recording)
    loud = recording * speech_gain(recording, probabilities)
    found = speech_segments(
        vad.probabilities(loud),
        settings,
        len(loud),
        shifted=vad.probabilities(np.concatenate([np.zeros(SHIFT, np.float32), loud])),
    )
    return found, probabilities


def speech_segments(
    probabilities: NDArray[np.float32],
    settings: VadSettings,
    total_samples: int,
    *,
    shifted: NDArray[np.float32] | None = None,
) -> list[Segment]:
    """The segments of speech, in order and disjoint, within ``[0, total_samples / 16000]``.

    ``probabilities``: one per window of 512 samples. ``shifted``: those of the same recording
    behind 256 samples of silence. A segment is where the probability, linear between the middles
    of windows, is at least ``settings.onset``; two of them are one if it stays at or above
    ``settings.release`` between them or for less than ``PAUSE`` below ``onset``; a segment shorter
    than ``settings.min_speech`` is none.
    """
    if len(probabilities) == 0:
        return []
    times, values = _curve(probabilities, shifted)
    merged: list[list[float]] = []
    last_index = 0
    for first, last in _runs(values >= settings.onset):
        start = _crossing(times, values, first - 1, settings.onset) if first else 0.0
        end = float(total_samples)
        if last + 1 < len(values):
            end = _crossing(times, values, last, settings.onset)
        start, end = max(0.0, start), min(end, float(total_samples))
        joined = bool(merged) and (
            start - merged[-1][1] < samples(PAUSE)
            or values[last_index : first + 1].min() >= settings.release
        )
        if joined:
            merged[-1][1] = end
        else:
            merged.append([start, end])
        last_index = last
    return [
        Segment(start / SAMPLE_RATE, end / SAMPLE_RATE)
        for start, end in merged
        if end > start and end - start >= settings.min_speech * SAMPLE_RATE
    ]


def _curve(
    probabilities: NDArray[np.float32], shifted: NDArray[np.float32] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The probability of speech over time: positions in samples, and values there."""
    values = probabilities.astype(np.float64)
    if shifted is None:
        return np.arange(len(values), dtype=np.float64) * HOP + HOP / 2 - LATENESS, values
    # The middles of the shifted windows lie half way between those of the others.
    both = np.empty(len(values) + len(shifted))
    both[0 : 2 * len(shifted) : 2] = shifted
    both[1 : 2 * len(values) : 2] = values
    # The mean of the two piecewise linear curves.
    padded = np.pad(both, 1, mode="edge")
    mean = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return np.arange(len(mean), dtype=np.float64) * SHIFT - LATENESS, mean


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of every run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    return [(int(a), int(b) - 1) for a, b in list(pairwise(edges))[::2]]


def _crossing(
    times: NDArray[np.float64], values: NDArray[np.float64], index: int, level: float
) -> float:
    """Where the line from point ``index`` to the next one meets ``level``."""
    rise = values[index + 1] - values[index]
    share = (level - values[index]) / rise
    return float(times[index] + share * (times[index + 1] - times[index]))
