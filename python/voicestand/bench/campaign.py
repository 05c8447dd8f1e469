"""A whole run: every bench, the comparison with an earlier run, the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from voicestand.bench.baseline import REPEATS, Baseline, Change, compare, unmatched
from voicestand.bench.benches import Bench, LeftOut
from voicestand.bench.machine import describe
from voicestand.bench.report import Report, claims, troubles
from voicestand.bench.runner import Outcome, run, run_all

Tell = Callable[[str], object]


def measure(
    benches: Sequence[Bench],
    left_out: Sequence[LeftOut],
    root: Path,
    *,
    baseline: Baseline | None = None,
    tolerance: float = 0.0,
    tell: Tell,
) -> tuple[Report, list[Outcome]]:
    """Runs the benches and reports; ``tell`` is given a line before each.

    What seems to have regressed from ``baseline`` is measured again, up to ``REPEATS`` times.
    """
    began, start = datetime.now().astimezone(), time.monotonic()
    machine = describe(root)
    outcomes = run_all(
        benches, root, lambda number, bench: tell(f"{number + 1}/{len(benches)} {bench.name}")
    )
    changes: list[Change] = []
    records = [record for outcome in outcomes for record in outcome.records]
    if baseline is not None:
        changes = compare(baseline, records, tolerance)
        changes = _measured_again(changes, outcomes, benches, root, baseline, tolerance, tell)
    report = Report(
        began=began.isoformat(timespec="seconds"),
        seconds=time.monotonic() - start,
        machine=machine,
        claims=claims(outcomes),
        left_out=[*left_out, *(one for outcome in outcomes for one in outcome.left_out)],
        trouble=troubles(outcomes),
        changes=changes,
        unmatched=unmatched(baseline, records) if baseline is not None else [],
    )
    return report, outcomes


def _measured_again(
    changes: list[Change],
    outcomes: Sequence[Outcome],
    benches: Sequence[Bench],
    root: Path,
    baseline: Baseline,
    tolerance: float,
    tell: Tell,
) -> list[Change]:
    """The changes, of which only those are regressions that were one every time."""
    home = {record.name: outcome.bench for outcome in outcomes for record in outcome.records}
    for _ in range(REPEATS):
        suspects = {home[change.claim] for change in changes if change.regressed}
        again: dict[tuple[str, str], Change] = {}
        for bench in (bench for bench in benches if bench.name in suspects):
            tell(f"{bench.name} again: a ratio seems to have regressed")
            for change in compare(baseline, run(bench, root).records, tolerance):
                again[change.claim, change.peer] = change
        changes = [
            again.get((change.claim, change.peer), change) if change.regressed else change
            for change in changes
        ]
    return changes
