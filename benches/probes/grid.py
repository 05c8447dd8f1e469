"""When the cycles of a JACK server began, from when it was seen to have begun them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WITHIN = 64
"""Cycles to either side by which it is seen how late a server woke for one."""


def grid(
    counts: NDArray[np.uint32], begun: NDArray[np.float64], sample_rate: int
) -> NDArray[np.float64]:
    """When each cycle was due to begin, seconds on the clock of ``begun``.

    ``counts`` are the server's frames until each cycle (they wrap), ``begun`` times at which each
    had begun. A server wakes late at times, and never early: within a run without an xrun a cycle
    was due where the earliest of those around it says. After an xrun all are due later, so of the
    earliest before and the earliest after it the later one counts.
    """
    elapsed = np.cumsum(np.diff(counts, prepend=counts[:1]).astype(np.int32)) / sample_rate
    offsets = begun - elapsed
    padded = np.pad(offsets, WITHIN, constant_values=np.inf)
    earliest = np.lib.stride_tricks.sliding_window_view(padded, WITHIN + 1).min(axis=1)
    before, after = earliest[: len(offsets)], earliest[WITHIN : WITHIN + len(offsets)]
    due: NDArray[np.float64] = np.maximum(before, after) + elapsed
    return due
