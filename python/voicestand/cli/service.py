"""``voicestand service``: listening as a systemd service of this user."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from voicestand.cli import exit_code
from voicestand.cli.printing import print_json

service = typer.Typer(
    help="Listen as a service of this user, from login on.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@service.command()
def install(
    system_audio: Annotated[
        bool,
        typer.Option("--system-audio", help="Also hear what this machine plays, as the far end."),
    ] = False,
) -> None:
    """Write the unit, start the service, and have it started with every login."""
    from voicestand.daemon import service as systemd

    options = ["--system-audio"] if system_audio else []
    # The program that was called, wherever it is installed, is the one that is to listen.
    systemd.install([str(Path(sys.argv[0]).absolute()), "run", "--daemon", *options])
    typer.echo("installed and listening: voicestand status says what it does, pause mutes it")


@service.command()
def remove() -> None:
    """Stop the service and remove its unit."""
    from voicestand.daemon import service as systemd

    systemd.remove()
    typer.echo("removed")


@service.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what systemd knows of the service; exit 1 unless it runs."""
    from voicestand.daemon import service as systemd

    found = systemd.status()
    if as_json:
        print_json(found)
    elif not found.installed:
        typer.echo("not installed: voicestand service install")
    else:
        process = f" (process {found.pid})" if found.pid else ""
        doing = f": {found.doing}" if found.doing else ""
        at_login = "started with every login" if found.enabled else "not started at login"
        typer.echo(f"{found.active}{process}{doing}; {at_login}; {found.unit}")
        if found.active != "active":
            typer.echo("see why: journalctl --user -u voicestand.service -n 20")
    if found.active != "active":
        raise typer.Exit(exit_code.FAILED)
