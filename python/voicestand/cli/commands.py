"""The list of commands. Importing a command's file must stay light: rooms are imported on use."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Adds every command to ``app``."""
    from voicestand.cli.bench import bench
    from voicestand.cli.coach import coach
    from voicestand.cli.config import config
    from voicestand.cli.devices import devices
    from voicestand.cli.doctor import doctor
    from voicestand.cli.knowledge import knowledge
    from voicestand.cli.models import models
    from voicestand.cli.run import run
    from voicestand.cli.service import service
    from voicestand.cli.sessions import sessions
    from voicestand.cli.steer import pause, resume, status, stop
    from voicestand.cli.top import top
    from voicestand.cli.topology import topology
    from voicestand.cli.transcribe import transcribe
    from voicestand.cli.vad import vad

    app.add_typer(config, name="config")
    app.add_typer(sessions, name="sessions")
    app.add_typer(knowledge, name="knowledge")
    app.add_typer(models, name="models")
    app.add_typer(bench, name="bench")
    app.add_typer(service, name="service")
    app.command()(run)
    app.command()(status)
    app.command()(pause)
    app.command()(resume)
    app.command()(stop)
    app.command()(transcribe)
    app.command()(vad)
    app.command()(coach)
    app.command()(devices)
    app.command()(topology)
    app.command()(top)
    app.command()(doctor)
