"""``voicestand doctor``: what this machine and this installation lack, and how to mend it."""

from __future__ import annotations

from typing import Annotated

import typer

from voicestand.cli.printing import print_json


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure", help="Also measure what voice activity costs on each inference device."
        ),
    ] = False,
) -> None:
    """Check the installation and the machine; exit 1 if something needed is missing."""
    from voicestand.doctor import examine

    checks = examine()
    if measure:
        from voicestand.doctor.measure import measure as measure_devices

        checks += measure_devices()
    if as_json:
        print_json(checks)
    else:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        styles = {"ok": "green", "warning": "yellow", "error": "red bold"}
        table = Table(box=box.SIMPLE)
        table.add_column("check", no_wrap=True)
        table.add_column("", no_wrap=True)
        table.add_column("found, and what to do", overflow="fold")
        for check in checks:
            found = Text(check.message)
            if check.fix and check.status != "ok":
                found.append(f"\n→ {check.fix}", style="bold")
            table.add_row(check.name, Text(check.status, styles[check.status]), found)
        Console(highlight=False).print(table)
    if any(check.status == "error" for check in checks):
        raise typer.Exit(1)
