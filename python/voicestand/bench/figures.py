"""The arithmetic of claims: figures of samples, ratios to peers, whether a promise is kept.

A ratio says how many times better ours is than a peer: peer / ours where lower is better,
ours / peer where higher is. Above 1 ours is ahead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from voicestand.bench.record import Bound, Record, Statistic

PARTS = 10
"""Into so many parts a run is cut, one after the other, to see how its ratio varies."""

_QUANTILES: dict[Statistic, float] = {
    "min": 0.0,
    "median": 0.5,
    "p95": 0.95,
    "p99": 0.99,
    "p99.9": 0.999,
    "max": 1.0,
}

_SAMPLES_A_PART: dict[Statistic, int] = {"p95": 20, "p99": 100, "p99.9": 1000}
"""Fewer samples do not have such a quantile."""

Verdict = Literal["met", "missed", "open", "measured"]
"""``open``: a promise beside a peer that could not be measured; ``measured``: nothing promised."""


class Kept(msgspec.Struct, frozen=True):
    """A bound, and whether it is kept; ``None`` if its peer could not be measured."""

    bound: Bound
    met: bool | None


def quantile(samples: Sequence[float], q: float) -> float:
    """The ``q`` quantile (0 to 1) of at least one sample, interpolated linearly."""
    ordered = sorted(samples)
    place = q * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def figure(samples: Sequence[float], statistic: Statistic) -> float:
    """The one figure by which the samples of a side are compared."""
    return quantile(samples, _QUANTILES[statistic])


def ratio(record: Record, peer: str) -> float:
    """How many times better ours is than ``peer``; infinite beside a peer's loss to our zero.

    Two zeros are even: 1.
    """
    return _ratio(record, record.ours, record.peers[peer])


def _ratio(record: Record, ours: Sequence[float], theirs: Sequence[float]) -> float:
    a, b = figure(ours, record.statistic), figure(theirs, record.statistic)
    better, worse = (a, b) if record.better == "lower" else (b, a)
    if better == worse:
        return 1.0
    return worse / better if better else math.inf


def parts(record: Record, peer: str) -> list[float]:
    """The ratio to ``peer`` in up to ten consecutive parts of the run, where finite and > 0.

    Samples of one turn stay in one part, so that a disturbance of both sides cancels out.
    """
    ours, theirs = record.ours, record.peers[peer]
    least = _SAMPLES_A_PART.get(record.statistic, 1)
    count = min(PARTS, len(ours) // least, len(theirs) // least)
    found = [
        _ratio(record, _part(ours, number, count), _part(theirs, number, count))
        for number in range(count)
    ]
    return [part for part in found if 0 < part < math.inf]


def _part(samples: Sequence[float], number: int, count: int) -> Sequence[float]:
    return samples[number * len(samples) // count : (number + 1) * len(samples) // count]


def kept(record: Record) -> list[Kept]:
    """Every bound of the claim, and whether it is kept."""
    return [Kept(bound, _met(record, bound)) for bound in record.bounds]


def _met(record: Record, bound: Bound) -> bool | None:
    if bound.peer is not None:
        return ratio(record, bound.peer) >= bound.value if bound.peer in record.peers else None
    ours = figure(record.ours, record.statistic)
    return ours <= bound.value if record.better == "lower" else ours >= bound.value


def verdict(record: Record) -> Verdict:
    """What is to be said of the claim: one missed bound is a miss."""
    met = [one.met for one in kept(record)]
    if not met:
        return "measured"
    if False in met:
        return "missed"
    return "open" if None in met else "met"
