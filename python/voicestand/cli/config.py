"""``voicestand config``: the effective settings, and whether a settings file is right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voicestand.cli.printing import print_json

config = typer.Typer(
    help="Show the settings, or check a settings file.", no_args_is_help=True, rich_markup_mode=None
)


@config.command()
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print every setting, as a settings file, with where its value comes from."""
    import os

    from voicestand.config_loader import default_file, flat, load_with_origins, shown

    loaded = load_with_origins(None, os.environ, {})
    if as_json:
        document = {
            "file": None if loaded.file is None else str(loaded.file),
            "settings": loaded.settings,
            "origins": loaded.origins,
        }
        print_json(document)
        return
    typer.echo(f"# {default_file(os.environ)}{'' if loaded.file else ' (absent)'}")
    before = ""
    for key, value in flat(loaded.settings).items():
        section, _, name = key.partition(".")
        if section != before:
            typer.echo(f"\n[{section}]")
            before = section
        typer.echo(f"{f'{name} = {shown(value)}':<32}# {loaded.origins[key]}")


@config.command()
def check(
    file: Annotated[
        Path | None,
        typer.Argument(help="A settings file. By default: what VoiceStand would start with."),
    ] = None,
) -> None:
    """Check a settings file, or the usual one together with the environment."""
    import os

    from voicestand.config_loader import DEFAULT, load_with_origins

    loaded = load_with_origins(file, os.environ if file is None else {}, {})
    given = sum(origin != DEFAULT for origin in loaded.origins.values())
    typer.echo(f"{loaded.file or 'no settings file'}: ok, {given} of {len(loaded.origins)} given")
