"""``voicestand top``: what a running session measures of itself, live."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from voicestand.errors import InputError, VoicestandError

if TYPE_CHECKING:
    from voicestand.session.stats_file import Published

REFRESH_SECONDS = 0.5


def top(
    pid: Annotated[
        int | None,
        typer.Option(
            metavar="PID", help="Of several sessions, the one of this process.", show_default=False
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one snapshot as JSON.")] = False,
) -> None:
    """Watch a `voicestand run` of yours: latencies, losses, CPU and memory. Ctrl-C ends.

    Without a terminal it prints one snapshot.
    """
    running = _running(pid)
    if json:
        import msgspec

        document = {"pid": running.pid, "age": round(time.monotonic() - running.written, 3)}
        stats = msgspec.to_builtins(running.stats)
        print(msgspec.json.format(msgspec.json.encode(document | stats)).decode())
        return
    from rich.console import Console

    from voicestand.cli.top_view import render

    console = Console(highlight=False)
    if not sys.stdout.isatty():
        console.print(render(running, time.monotonic()))
        return
    from rich.live import Live

    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(render(running, time.monotonic()), refresh=True)
            time.sleep(REFRESH_SECONDS)
            try:
                running = _running(running.pid)
            except VoicestandError:
                break
    # The screen that was there before is back: the last figures stay to be read.
    console.print(render(running, time.monotonic(), ended=True))


def _running(pid: int | None) -> Published:
    """The latest session, or that of ``pid``. Raises ``VoicestandError`` if there is none."""
    from voicestand.session.stats_file import published

    found = published()
    if not found:
        raise VoicestandError("no session is running: start one with voicestand run")
    if pid is None:
        return found[0]
    for one in found:
        if one.pid == pid:
            return one
    running = ", ".join(str(one.pid) for one in found)
    raise InputError(f"process {pid} runs no session of yours; these do: {running}")
