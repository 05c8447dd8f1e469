"""``voicestand topology``: which kinds of cores this machine, or a snapshot of another, has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def topology(
    sysroot: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder that holds sys/ and proc/ of another machine."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the performance, efficiency and low-power CPUs, and which share a core."""
    from voicestand import _native
    from voicestand.errors import InputError

    try:
        found = _native.topology(None if sysroot is None else str(sysroot))
    except ValueError as error:
        raise InputError(str(error)) from error
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(found).decode())
        return
    typer.echo(f"performance  {_ranges(found['performance'])}")
    typer.echo(f"efficiency   {_ranges(found['efficiency'])}")
    typer.echo(f"low power    {_ranges(found['low_power'])}")
    pairs = " ".join(f"{a}+{b}" for a, b in found["smt_siblings"])
    typer.echo(f"same core    {pairs or 'none'}")
    typer.echo(f"told by      {found['source']}")


def _ranges(cpus: list[int]) -> str:
    """``[0, 1, 2, 5]`` as ``0-2,5``, the way the kernel writes it, and their number."""
    if not cpus:
        return "none"
    ranges: list[list[int]] = []
    for cpu in cpus:
        if ranges and cpu == ranges[-1][1] + 1:
            ranges[-1][1] = cpu
        else:
            ranges.append([cpu, cpu])
    written = ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in ranges)
    return f"{written} ({len(cpus)})"
