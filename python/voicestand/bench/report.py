"""What a run has found: what ``voicestand bench --json`` prints and later runs compare with."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from voicestand.bench.baseline import Change, Ratio, measured
from voicestand.bench.benches import LeftOut
from voicestand.bench.figures import Kept, Verdict, figure, kept, quantile, verdict
from voicestand.bench.machine import Machine
from voicestand.bench.record import Better, Record, Statistic
from voicestand.bench.runner import Outcome


class Side(msgspec.Struct, frozen=True):
    """The samples of one side, summed up, in the unit of the claim."""

    figure: float
    """What is compared: see the claim's ``statistic``."""
    median: float
    p5: float
    p95: float
    samples: int


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One claim, measured."""

    bench: str
    name: str
    claim: str
    input: str
    unit: str
    better: Better
    statistic: Statistic
    verdict: Verdict
    ours: Side
    peers: dict[str, Side]
    ratios: dict[str, Ratio]
    bounds: list[Kept]
    absent: dict[str, str]


class Trouble(msgspec.Struct, frozen=True):
    """A bench that went wrong."""

    bench: str
    message: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One run."""

    began: str
    """Wall time, ISO 8601 with offset."""
    seconds: float
    machine: Machine
    claims: list[Claim]
    left_out: list[LeftOut]
    trouble: list[Trouble]
    changes: list[Change]
    """Against the baseline, if there was one."""
    unmatched: list[str]
    """Claims of the baseline that this run did not measure."""


def side(samples: Sequence[float], statistic: Statistic) -> Side:
    """The sum of a side's samples."""
    return Side(
        figure(samples, statistic),
        quantile(samples, 0.5),
        quantile(samples, 0.05),
        quantile(samples, 0.95),
        len(samples),
    )


def claims(outcomes: Sequence[Outcome]) -> list[Claim]:
    """Every claim of a run."""
    return [_claim(outcome.bench, record) for outcome in outcomes for record in outcome.records]


def _claim(bench: str, record: Record) -> Claim:
    return Claim(
        bench=bench,
        name=record.name,
        claim=record.claim,
        input=record.input,
        unit=record.unit,
        better=record.better,
        statistic=record.statistic,
        verdict=verdict(record),
        ours=side(record.ours, record.statistic),
        peers={peer: side(samples, record.statistic) for peer, samples in record.peers.items()},
        ratios=measured(record),
        bounds=kept(record),
        absent=record.absent,
    )


def troubles(outcomes: Sequence[Outcome]) -> list[Trouble]:
    """Everything that went wrong in a run."""
    return [Trouble(outcome.bench, line) for outcome in outcomes for line in outcome.trouble]
