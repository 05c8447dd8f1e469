"""What the sound server says of itself, by its own tool, which PulseAudio and PipeWire answer."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
from collections.abc import Iterator

from voicestand.errors import DeviceError

_ASKING = 5.0
"""Seconds the sound server may take to answer."""

CONNECTS_WITHIN = 2.0
"""Seconds after which a started stream must be seen by the server."""


def can_be_asked() -> bool:
    """Whether there is the tool to ask it."""
    return shutil.which("pactl") is not None


def default_sink() -> str:
    """The name of the sink that plays where none is named. Raises ``DeviceError`` as ``ask``."""
    return ask("get-default-sink")


def default_source() -> str:
    """The name of the source that is recorded where none is named. Raises as ``ask`` does."""
    return ask("get-default-source")


def sources() -> dict[str, str]:
    """The names of all sources, monitors among them, by their numbers."""
    rows = (line.split("\t") for line in ask("list", "short", "sources").splitlines() if line)
    return {row[0]: row[1] for row in rows if len(row) > 1}


def recorded_by(process: int) -> set[str]:
    """The names of the sources that ``process`` really records from, as the server sees it."""
    names = sources()
    found = set()
    for output in re.split(r"^Source Output #", ask("list", "source-outputs"), flags=re.MULTILINE):
        source = re.search(r"^\s*Source: (\d+)\s*$", output, flags=re.MULTILINE)
        if source and f'application.process.id = "{process}"' in output:
            found.add(names.get(source[1], ""))
    return found


class Changes:
    """The server's news, as they come: iterate; ends when the server does, or by ``close``."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["pactl", "subscribe"],
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __iter__(self) -> Iterator[str]:
        assert self._process.stdout is not None
        return iter(self._process.stdout)

    def wait(self, seconds: float) -> bool:
        """Waits for the first of them, or the end; whether it has come."""
        assert self._process.stdout is not None
        return bool(select.select([self._process.stdout], [], [], seconds)[0])

    def close(self) -> None:
        """Ends it. Safe to repeat."""
        self._process.kill()
        self._process.wait()


def ask(*arguments: str) -> str:
    """What pactl answers. Raises ``DeviceError`` where it is missing or no server answers it."""
    if not can_be_asked():
        raise DeviceError(
            "the sound server is asked by pactl, which is missing: "
            "sudo apt install pulseaudio-utils"
        )
    try:
        done = subprocess.run(
            ["pactl", *arguments],
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=_ASKING,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeviceError(f"cannot ask the sound server: {error}") from None
    if done.returncode:
        reason = " ".join(done.stderr.split())
        raise DeviceError(f"cannot ask the sound server: {reason}")
    return done.stdout.strip()
