"""``voicestand topology``: the kinds of cores, and which threads run where."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_CHANNELS = 2


def topology(
    sysroot: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder that holds sys/ and proc/ of another machine."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the performance, efficiency and low-power CPUs, which share a core, and who runs where.

    The plan is that of a call with system audio: two engines, two recognizers.
    """
    from voicestand import cpu
    from voicestand.cpu.placement import written
    from voicestand.errors import InputError

    try:
        found = cpu.topology(sysroot)
        plan = cpu.plan(realtime=_CHANNELS, background=_CHANNELS, sysroot=sysroot)
    except ValueError as error:
        raise InputError(str(error)) from error
    if as_json:
        import msgspec

        shown = {**msgspec.structs.asdict(found), "plan": plan}
        typer.echo(msgspec.json.encode(shown).decode())
        return

    def show(name: str, cpus: list[int]) -> None:
        typer.echo(f"{name:<13}{written(cpus)}{f' ({len(cpus)})' if cpus else ''}")

    show("performance", found.performance)
    show("efficiency", found.efficiency)
    show("low power", found.low_power)
    pairs = " ".join(f"{a}+{b}" for a, b in found.smt_siblings)
    typer.echo(f"same core    {pairs or 'none'}")
    typer.echo(f"told by      {found.source}")
    if not plan.separate:
        typer.echo("plan         nothing is pinned: too few cores to set some apart")
        return
    for index, cpus in enumerate(plan.realtime, 1):
        show(f"engine {index}", cpus)
    show("background", plan.background)
    show("housekeeping", plan.housekeeping)
