"""Labels made by hand, and how what was found agrees with them: frames of 10 ms."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.bool_]


def frames(spans: Iterable[tuple[float, float]], count: int) -> Frames:
    """Whether the middle of each frame lies in one of the spans (seconds)."""
    middles = np.arange(count) / 100 + 0.005
    marks = np.zeros(count, bool)
    for start, end in spans:
        marks |= (middles >= start) & (middles < end)
    return marks


def labels(recording: Path) -> Frames:
    """The frames of speech, from the ``.scv`` beside the recording."""
    fields = [float(x) for x in recording.with_suffix(".scv").read_text().strip().split(",")[1:]]
    triples = zip(fields[0::3], fields[1::3], fields[2::3], strict=True)
    return frames([(a, b) for a, b, speech in triples if speech], int(fields[-2] * 100))


def f1(pairs: list[tuple[Frames, Frames]]) -> float:
    """Of labels and what was found, over all recordings together."""
    both = sum(int((said & found).sum()) for said, found in pairs)
    return 2 * both / max(1, sum(int(said.sum() + found.sum()) for said, found in pairs))
