"""Whether a ratio has become worse than in an earlier run, beyond what noise explains.

The rule. Each run is cut into up to ten consecutive parts, and the ratio taken in each. The
standard error of a run's ratio is the standard deviation of the logarithms of its parts' ratios
over the square root of their number. A ratio has regressed if its logarithm fell by more than four
standard errors of the difference of both runs, and by more than ``tolerance``. Runs whose noise is
unknown (fewer than three parts) are not compared. What seems to have regressed is measured again
before it is believed: see ``REPEATS``.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from voicestand.bench.figures import parts, ratio
from voicestand.bench.record import Record
from voicestand.errors import InputError

STANDARD_ERRORS = 4.0
TOLERANCE = 0.10
"""A ratio that fell to no less than 1 / (1 + this) of what it was has not regressed, however quiet
the runs: another build or another memory layout moves ratios by as much."""

REPEATS = 2
"""So often a claim that seems to have regressed is measured again; it has if it does every time."""

FEWEST_PARTS = 3


class Ratio(msgspec.Struct, frozen=True):
    """A ratio of one run, and what it was in the run's parts."""

    ratio: Annotated[float, msgspec.Meta(ge=0)] | None
    """``None``: infinite, which JSON cannot say."""
    parts: list[Annotated[float, msgspec.Meta(gt=0)]]


class _Claim(msgspec.Struct, frozen=True):
    name: str
    ratios: dict[str, Ratio]


class _Run(msgspec.Struct, frozen=True):
    claims: list[_Claim]


Baseline = Mapping[tuple[str, str], Ratio]
"""By name of the claim and peer."""


class Change(msgspec.Struct, frozen=True):
    """A ratio in both runs."""

    claim: str
    peer: str
    before: float | None
    now: float | None
    noise: float | None
    """Down to ``before`` over this factor it is noise or tolerated; ``None``: it cannot be said."""
    regressed: bool


def measured(record: Record) -> dict[str, Ratio]:
    """The ratios of a claim, by peer."""
    found = {}
    for peer in record.peers:
        whole = ratio(record, peer)
        found[peer] = Ratio(whole if math.isfinite(whole) else None, parts(record, peer))
    return found


def read(path: Path) -> Baseline:
    """An earlier run's ``--json``. Raises ``InputError`` if the file is none."""
    try:
        run = msgspec.json.decode(path.read_bytes(), type=_Run)
    except OSError as error:
        raise InputError(f"cannot read the baseline {path}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is no baseline ({error}): give what voicestand bench --json has printed"
        ) from None
    return {(claim.name, peer): one for claim in run.claims for peer, one in claim.ratios.items()}


def compare(before: Baseline, records: Iterable[Record], tolerance: float) -> list[Change]:
    """Every ratio that both runs have. ``tolerance``: see ``TOLERANCE``."""
    return [
        _change(record.name, peer, before[record.name, peer], now, tolerance)
        for record in records
        for peer, now in measured(record).items()
        if (record.name, peer) in before
    ]


def unmatched(before: Baseline, records: Sequence[Record]) -> list[str]:
    """The claims of the earlier run that this one did not measure."""
    now = {(record.name, peer) for record in records for peer in record.peers}
    return sorted({name for name, peer in before if (name, peer) not in now})


def _change(claim: str, peer: str, before: Ratio, now: Ratio, tolerance: float) -> Change:
    noise = _noise(before.parts, now.parts)
    if noise is None or not before.ratio or not now.ratio:
        return Change(claim, peer, before.ratio, now.ratio, None, False)
    allowed = max(noise, math.log1p(tolerance))
    fallen = math.log(before.ratio) - math.log(now.ratio)
    return Change(claim, peer, before.ratio, now.ratio, math.exp(allowed), fallen > allowed)


def _noise(before: Sequence[float], now: Sequence[float]) -> float | None:
    """Four standard errors of the difference of two runs' log ratios."""
    if min(len(before), len(now)) < FEWEST_PARTS:
        return None
    return STANDARD_ERRORS * math.hypot(_standard_error(before), _standard_error(now))


def _standard_error(ratios: Sequence[float]) -> float:
    return statistics.stdev(map(math.log, ratios)) / math.sqrt(len(ratios))
