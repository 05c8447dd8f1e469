"""``voicestand status``, ``pause``, ``resume`` and ``stop``: steering the run that listens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from voicestand.cli.printing import clock, print_json

if TYPE_CHECKING:
    from voicestand.daemon.client import Client
    from voicestand.daemon.protocol import Status

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

AUDIO_WITHIN = 5.0
"""Seconds in which audio comes after a resume; a PulseAudio null sink takes two."""
_LOOK_EVERY = 0.05


def status(as_json: _Json = False) -> None:
    """Say what the run that listens is doing; exit 1 if there is none."""
    with _client() as run:
        _show(run.ask("status"), as_json)


def pause(as_json: _Json = False) -> None:
    """Close the microphone, and what else is heard, until resume: no audio is read."""
    with _client() as run:
        _show(run.ask("pause"), as_json)


def resume(as_json: _Json = False) -> None:
    """Listen again; returns when audio comes."""
    with _client() as run:
        found = run.ask("resume")
        deadline = time.monotonic() + AUDIO_WITHIN
        while found.state == "waiting" and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY)
            found = run.ask("status")
        _show(found, as_json)


def stop(as_json: _Json = False) -> None:
    """End the run; returns when what was said is transcribed and written."""
    with _client() as run:
        found = run.ask("stop")
        run.wait_for_end()
        if as_json or found.session is None:
            _show(found, as_json)
        else:
            typer.echo(f"ended (process {found.pid}): voicestand sessions show {found.session}")


@contextmanager
def _client() -> Iterator[Client]:
    from voicestand.daemon.client import Client
    from voicestand.runtime_folder import runtime_folder

    client = Client(runtime_folder())
    try:
        yield client
    finally:
        client.close()


def _show(found: Status, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    said = f"{found.state} (process {found.pid})"
    if found.session is not None and found.seconds is not None:
        said += (
            f": session {found.session}, {clock(found.seconds)}, "
            f"{found.utterances} utterance{'' if found.utterances == 1 else 's'}, "
            f"{found.frames_lost} frames lost, {found.xruns} xruns"
        )
    typer.echo(said)
