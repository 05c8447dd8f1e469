"""What commands print: JSON for programs, and text that cannot steer a terminal."""

from __future__ import annotations

import sys

import typer


def print_json(document: object, indent: int = 2) -> None:
    """Prints ``document``, anything that msgspec encodes."""
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(document), indent=indent))


_as_service = False


def log_errors() -> None:
    """From now on errors are lines of a service's log."""
    global _as_service  # noqa: PLW0603 -- who reads stderr is a fact of the process
    _as_service = True


def print_error(message: object) -> None:
    """Tells on stderr, in one line, what was wrong."""
    text = " ".join(str(message).split())
    if _as_service:
        from voicestand.daemon.log import error_line

        print(error_line(text), file=sys.stderr)
    else:
        print(f"voicestand: error: {text}", file=sys.stderr)


def print_alert(severity: str, code: str, message: str) -> None:
    """Tells on stderr, in one line, what a user should know; ``code`` is for programs."""
    print(f"voicestand: {severity}: {' '.join(message.split())}", file=sys.stderr)


def printable(text: str) -> str:
    """Without control characters: a transcript, or the name of a file, could steer the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def clock(seconds: float) -> str:
    """``seconds`` as ``m:ss``, or ``h:mm:ss``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
