"""What commands print: JSON for programs, and text that cannot steer a terminal."""

from __future__ import annotations

import sys

import typer


def print_json(document: object, indent: int = 2) -> None:
    """Prints ``document``, anything that msgspec encodes."""
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(document), indent=indent))


def print_error(message: object) -> None:
    """Tells on stderr, in one line, what was wrong."""
    print(f"voicestand: error: {' '.join(str(message).split())}", file=sys.stderr)


def printable(text: str) -> str:
    """Without control characters: a transcript, or the name of a file, could steer the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def clock(seconds: float) -> str:
    """``seconds`` as ``m:ss``, or ``h:mm:ss``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
