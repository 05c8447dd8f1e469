"""What one probability of the detector stands for."""

from __future__ import annotations

SAMPLE_RATE = 16_000
"""Hz."""

HOP = 512
"""Samples per window: one probability every 32 ms."""

LATENESS = 768
"""Samples by which the probability trails the speech: one and a half windows, at the onset as at
the end. Measured on labelled recordings; the recurrent network needs that much to be convinced."""

PAUSE = 0.1
"""Seconds without speech that part two segments; a shorter gap lies within a word."""


def samples(seconds: float) -> int:
    """``seconds`` in samples at 16 kHz."""
    return round(seconds * SAMPLE_RATE)


def windows(seconds: float) -> int:
    """The least number of windows that last ``seconds``, at least one."""
    return max(1, -(-samples(seconds) // HOP))
