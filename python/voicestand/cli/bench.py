"""``voicestand bench``: every claim measured on this machine, each beside its peers."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicestand.cli.printing import print_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from voicestand.bench.machine import Machine
    from voicestand.bench.report import Claim, Report
    from voicestand.bench.targets import Target

PAGE = Path("voicestand-bench.html")

bench = typer.Typer(
    help="Measure every claim on this machine, each beside its peers.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@bench.callback()
def measure(
    context: typer.Context,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Only this bench; repeat it for more.", show_default=False
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only the cheap benches: less than a minute in all.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where to write the page.",
            show_default=f"{PAGE}, none with --json",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What --json printed in an earlier run: exit 1 if a ratio has regressed from it "
            "beyond its noise.",
            show_default=False,
        ),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="How much worse a ratio may become, noise or not: 0.1 is 10 %."
        ),
    ] = 0.1,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 if a promise is missed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run the benches of the source tree, one after the other, and write a page with the results.

    Nothing else should run on the machine meanwhile. Exit 1 if a bench went wrong, a ratio has
    regressed, or, with --check, a promise is missed.
    """
    if context.invoked_subcommand is not None:
        return
    from voicestand.bench import baseline as earlier
    from voicestand.bench import benches, campaign
    from voicestand.bench.page import page
    from voicestand.errors import InputError

    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise InputError(f"--tolerance {tolerance}: give a share that is finite and not negative")
    root = benches.checkout()
    chosen, left_out = benches.choose(root, only or [], quick=quick)
    before = None if baseline is None else earlier.read(baseline)
    target = output or (None if as_json else PAGE)
    if target is not None:
        _writable(target)
    report, outcomes = campaign.measure(
        chosen,
        left_out,
        root,
        baseline=before,
        tolerance=tolerance,
        tell=_tell,
    )
    if target is not None:
        _write(target, page(report, outcomes))
    if as_json:
        print_json(report, indent=1)
    else:
        _show(report, target)
    missed = check and any(claim.verdict == "missed" for claim in report.claims)
    if missed or report.trouble or any(change.regressed for change in report.changes):
        raise typer.Exit(1)


@bench.command()
def targets(
    soak: Annotated[
        float,
        typer.Option(
            metavar="MINUTES",
            min=1.0,
            max=6000.0,
            help="Minutes of audio by which the growth of the memory is seen.",
        ),
    ] = 10.0,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 if a target is missed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure the targets of the design on real runs of the program: five to ten minutes.

    What cannot be measured here says so and is never a pass. Exit 0 whatever
    is missed, unless with --check.
    """
    from voicestand.bench import machine
    from voicestand.bench import targets as design

    told = machine.describe(None)
    table = design.measure(_tell, soak=soak)
    if as_json:
        print_json({"machine": told, "targets": table}, indent=1)
    else:
        _show_targets(table)
        _show_load(told)
    if check and any(target.verdict == "miss" for target in table):
        raise typer.Exit(1)


def _tell(line: str) -> None:
    print(f"voicestand bench: {line}", file=sys.stderr, flush=True)


def _console() -> Console:
    from rich.console import Console

    # Where there is no terminal to fit, a line stays a line.
    return Console(highlight=False, width=None if sys.stdout.isatty() else 150, markup=False)


def _show_targets(lines: list[Target]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from voicestand.bench.numbers import written

    styles = {"pass": "green", "miss": "red bold"}
    table = Table(box=box.SIMPLE)
    for name in ("what", "promised elsewhere", "target"):
        table.add_column(name, overflow="fold")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for line in lines:
        value = "" if line.value is None else f"{written(line.value)} {line.unit}"
        verdict = Text(line.verdict, styles.get(line.verdict, "yellow"))
        table.add_row(line.what, line.promised, line.ours, value, verdict)
    console = _console()
    console.print(table)
    for line in lines:
        console.print(Text(f"{line.what}: {line.note}", "dim"))


def _show_load(told: Machine) -> None:
    """Says if the machine was busy before: its figures are then worse than they are."""
    if told.busy:
        _console().print(
            f"the machine was busy with something else (load {told.load}): timings are worse than "
            "on a quiet one, and promises may be missed for it",
            style="yellow",
        )


def _writable(path: Path) -> None:
    """Raises ``InputError`` before the work, not after it."""
    from voicestand.errors import InputError

    try:
        with path.open("ab"):
            pass
    except OSError as error:
        raise InputError(f"cannot write the page to {path}: {error.strerror}") from None


def _write(path: Path, text: str) -> None:
    from voicestand.errors import VoicestandError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise VoicestandError(f"cannot write the page to {path}: {error.strerror}") from None


def _show(report: Report, target: Path | None) -> None:
    from rich.text import Text

    console = _console()
    if report.claims:
        console.print(_table(report.claims))
    for trouble in report.trouble:
        console.print(Text(f"{trouble.bench} {trouble.message}", "red"))
    for left_out in report.left_out:
        console.print(Text(f"{left_out.name} was not measured: it {left_out.reason}", "yellow"))
    for change in report.changes:
        if change.regressed:
            what = f"{change.claim}: the ratio to {change.peer} was {change.before:.3g}"
            console.print(Text(f"{what}, is {change.now:.3g}: regressed", "red bold"))
    if report.changes and not any(change.regressed for change in report.changes):
        console.print(f"no regression in {len(report.changes)} ratios")
    _show_load(report.machine)
    if target is not None:
        console.print(f"written to {target}")


def _table(claims: list[Claim]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from voicestand.bench.numbers import written
    from voicestand.bench.page import VERDICTS, promise

    styles = {"met": "green", "missed": "red bold", "open": "yellow", "measured": "dim"}
    table = Table(box=box.SIMPLE)
    table.add_column("claim", no_wrap=True)
    table.add_column("voicestand", justify="right", no_wrap=True)
    table.add_column("beside", overflow="fold")
    table.add_column("promised", overflow="fold")
    table.add_column("", no_wrap=True)
    for claim in claims:
        beside = [
            f"{'∞' if found.ratio is None else written(found.ratio)} × {peer}"
            for peer, found in claim.ratios.items()
        ]
        beside += [f"{peer}: {why}" for peer, why in claim.absent.items()]
        table.add_row(
            claim.name,
            f"{written(claim.ours.figure)} {claim.unit}",
            "\n".join(beside),
            "\n".join(promise(kept, claim.unit, claim.better) for kept in claim.bounds),
            Text(VERDICTS[claim.verdict], styles[claim.verdict]),
        )
    return table
