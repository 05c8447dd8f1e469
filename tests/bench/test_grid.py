"""When the cycles of a JACK server began, as the benches see it."""

from __future__ import annotations

import numpy as np
import pytest
from benches.probes.grid import grid
from numpy.typing import NDArray

RATE = 48_000
PERIOD = 128
BEGAN = 1e5


def server(lost: NDArray[np.float64]) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
    """Counts of frames, which wrap, and due times of cycles before which ``lost`` s went by."""
    frames = PERIOD * np.arange(len(lost), dtype=np.int64)
    counts = (frames + 2**32 - 50 * PERIOD).astype(np.uint32)
    return counts, BEGAN + frames / RATE + np.cumsum(lost)


def test_cycles_are_due_where_a_server_that_wakes_late_at_times_was_in_time() -> None:
    counts, due = server(np.zeros(500))
    late = np.random.default_rng(1).exponential(1e-3, 500)
    late[::20] = late[-1] = 0
    assert grid(counts, due + late, RATE) == pytest.approx(due, abs=1e-9)


def test_cycles_after_an_xrun_are_due_later_and_those_before_it_are_not() -> None:
    lost = np.zeros(500)
    lost[[200, 300]] = 0.004, 0.17
    counts, due = server(lost)
    found = grid(counts, due + np.tile([0.0, 3e-4], 250), RATE)
    assert np.abs(found - due).max() < 1e-3
    assert np.abs(found - due)[[100, 250, 400]].max() < 1e-9
