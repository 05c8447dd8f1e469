"""``voicestand devices``: the inputs that audio can be captured from."""

from __future__ import annotations

from typing import Annotated

import typer

from voicestand.cli.printing import print_json


def devices(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the input devices; what --device takes is a name, a part of it, or an index."""
    from voicestand.audio.devices import NO_DEVICE, input_devices

    inputs = input_devices(jack=True)
    if as_json:
        print_json(inputs)
        return
    if not inputs:
        typer.echo(f"{NO_DEVICE[0].upper()}{NO_DEVICE[1:]}.")
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE)
    table.add_column("", no_wrap=True)
    table.add_column("index", justify="right")
    table.add_column("name", overflow="fold")
    table.add_column("host API", overflow="fold")
    for heading in ("channels", "Hz", "latency, ms"):
        table.add_column(heading, justify="right")
    for device in inputs:
        table.add_row(
            "*" if device.is_default else "",
            str(device.index),
            device.name,
            device.host_api,
            str(device.max_input_channels),
            f"{device.default_sample_rate:.0f}",
            f"{1000 * device.latency:.1f}",
        )
    Console(markup=False, highlight=False).print(table)
    typer.echo("* the default")
