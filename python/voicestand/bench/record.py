"""The record of a measured claim: what a bench writes and is read again, one JSON object a line.

A bench calls ``record`` at its end. Where the environment variable ``VOICESTAND_BENCH_RECORD``
names a file, the record is appended to it; elsewhere the call does nothing, and the bench prints as
ever.
``rust/core/benches/record/mod.rs`` writes the same lines.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

VARIABLE = "VOICESTAND_BENCH_RECORD"

MOST_SAMPLES = 4096
"""Samples kept of a side; of more, so many are taken at even distances, the same of every side."""

Better = Literal["lower", "higher"]
Statistic = Literal["median", "p95", "p99", "p99.9", "max", "min"]
Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Samples = Annotated[list[float], msgspec.Meta(min_length=1)]


class Bound(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a claim promises: of our figure alone, or of the ratio to a peer."""

    value: float
    """Without ``peer``: our figure is at most this (at least, where higher is better), in the unit
    of the record. With it: the ratio is at least this; the ratio is how many times better ours is,
    peer / ours where lower is better and ours / peer where higher is."""
    peer: str | None = None


class Record(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One claim as it was measured. Samples of all sides with the same index come from one turn."""

    name: Slug
    """Stays the same for ever: what a baseline is compared by."""
    claim: Annotated[str, msgspec.Meta(min_length=1)]
    """One line, as a promise."""
    input: str
    """What is measured on what."""
    unit: str
    ours: Samples
    peers: dict[str, Samples] = {}
    better: Better = "lower"
    statistic: Statistic = "median"
    """What of the samples is compared."""
    bounds: list[Bound] = []
    absent: dict[str, str] = {}
    """Peers that could not be measured here, and why."""

    def __post_init__(self) -> None:
        sides = {"ours": self.ours, **self.peers}
        for side, samples in sides.items():
            wrong = next((s for s in samples if not math.isfinite(s) or s < 0), None)
            if wrong is not None:
                raise ValueError(f"{self.name}: {side} has the sample {wrong}: give finite, ≥ 0")
        for bound in self.bounds:
            if not math.isfinite(bound.value) or bound.value < 0:
                raise ValueError(f"{self.name}: bound {bound.value}: give a finite one, ≥ 0")
            if bound.peer is not None and bound.peer not in {*self.peers, *self.absent}:
                raise ValueError(f"{self.name}: a bound names {bound.peer!r}, which is no peer")


def record(
    name: str,
    claim: str,
    *,
    input: str,
    unit: str,
    ours: Sequence[float],
    peers: Mapping[str, Sequence[float]] | None = None,
    better: Better = "lower",
    statistic: Statistic = "median",
    bounds: Sequence[Bound] = (),
    absent: Mapping[str, str] | None = None,
) -> None:
    """Appends the record of a claim to the file that ``VOICESTAND_BENCH_RECORD`` names, if it does.

    ``ours`` and each of ``peers``: one sample a turn, finite and not negative, in ``unit``. Raises
    ``ValueError`` on anything else, also where nothing is to be written, so that a bench cannot be
    wrong unseen.
    """
    given = {
        "name": name,
        "claim": claim,
        "input": input,
        "unit": unit,
        "ours": thinned(ours),
        "peers": {peer: thinned(samples) for peer, samples in (peers or {}).items()},
        "better": better,
        "statistic": statistic,
        "bounds": [msgspec.to_builtins(bound) for bound in bounds],
        "absent": dict(absent or {}),
    }
    line = msgspec.json.encode(msgspec.convert(given, Record))
    if path := os.environ.get(VARIABLE):
        with Path(path).open("ab") as file:
            file.write(line + b"\n")


def thinned(samples: Sequence[float]) -> list[float]:
    """At most ``MOST_SAMPLES`` of them, in their order, each to six significant digits."""
    count = len(samples)
    kept = min(count, MOST_SAMPLES)
    return [float(f"{samples[number * count // kept]:.6g}") for number in range(kept)]


def parse(text: bytes) -> tuple[list[Record], list[str]]:
    """The records in ``text``, and one line about each line that is none: none is just skipped.

    Of two records of one name the later one counts.
    """
    records: dict[str, Record] = {}
    damaged = []
    for number, line in enumerate(text.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            found = msgspec.json.decode(line, type=Record)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            damaged.append(f"line {number} is no record: {error}")
        else:
            records[found.name] = found
    return list(records.values()), damaged
