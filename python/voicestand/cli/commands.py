"""The list of commands. Importing a command's file must stay light: rooms are imported on use."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Adds every command to ``app``."""
