"""Where a running session shows its statistics to other processes of the same user.

A file of the session's process in ``$XDG_RUNTIME_DIR/voicestand`` (memory, private to the user),
replaced as a whole by a rename: who reads it sees one snapshot or the next, never half of one, and
neither side ever waits. The name of the process in it tells a running session from what a killed
one left behind.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from voicestand.events import EngineStats
from voicestand.journal import process
from voicestand.runtime_folder import private_folder, runtime_folder

_SUFFIX = ".json"


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds."""

    process: str
    """See :func:`voicestand.journal.process.current`."""
    pid: int
    written: float
    """Seconds of ``time.monotonic()``, which is the same clock in every process."""
    stats: EngineStats


class StatsFile:
    """The file of this process. Without a folder that it may use, a session is just not seen."""

    def __init__(self, folder: Path | None = None) -> None:
        self._process = process.current()
        published(folder)  # which removes what killed ones left: nobody else may ever look
        try:
            self._path: Path | None = (
                private_folder(folder or runtime_folder()) / f"{os.getpid()}{_SUFFIX}"
            )
        except OSError:
            self._path = None

    def write(self, stats: EngineStats) -> None:
        """Replaces what is shown."""
        if self._path is None:
            return
        shown = Published(
            process=self._process, pid=os.getpid(), written=time.monotonic(), stats=stats
        )
        new = self._path.with_suffix(".new")
        with suppress(OSError):
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(shown))
            new.replace(self._path)

    def close(self) -> None:
        """Shows nothing any more. Safe to repeat."""
        if self._path is not None:
            for path in (self._path, self._path.with_suffix(".new")):
                with suppress(OSError):
                    path.unlink()


def published(folder: Path | None = None) -> list[Published]:
    """The sessions that run now, the latest first. What killed ones left behind is removed."""
    folder = folder or runtime_folder()
    found = []
    try:
        paths = list(private_folder(folder, make=False).iterdir())
    except OSError:
        return []
    for path in paths:
        pid = path.stem
        if path.suffix not in {_SUFFIX, ".new"} or not pid.isdecimal():
            continue
        shown = _read(path) if path.suffix == _SUFFIX else None
        if shown is not None and process.is_alive(shown.process):
            found.append(shown)
        elif shown is not None or not Path(f"/proc/{pid}").exists():
            with suppress(OSError):
                path.unlink()
    return sorted(found, key=lambda one: one.stats.session, reverse=True)


def _read(path: Path) -> Published | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Published)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
