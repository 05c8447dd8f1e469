"""A real run of the program, watched from outside: its events, its memory, its processor time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from voicestand.bench.processes import (
    Memory,
    cpu_seconds,
    descendants,
    is_recognizer,
    memory,
)
from voicestand.errors import VoicestandError
from voicestand.events import AnyEvent, SessionStarted, from_json

EVERY = 0.5
"""Seconds between two looks at the processes."""


class Look(NamedTuple):
    """The program at one moment."""

    at: float
    """Seconds since ``session.started``."""
    recognizers: Memory
    rest: Memory
    cpu_seconds: float
    """Of everything but the recognizers, since the program began."""

    @property
    def megabytes(self) -> Memory:
        """Of all its processes."""
        return Memory(*map(sum, zip(self.recognizers, self.rest, strict=True)))


class Trial(msgspec.Struct, frozen=True):
    """What was seen of a run."""

    events: list[AnyEvent]
    ready: float
    """Seconds from the start of the process to ``session.started``."""
    looks: list[Look]


def run(arguments: Sequence[str], home: Path, patience: float) -> Trial:
    """Runs ``voicestand run`` with default settings and with ``home`` as its home.

    Raises ``VoicestandError`` if it fails or has not ended after ``patience`` seconds.
    """
    began = time.monotonic()
    with _started(["run", *arguments, "--events", "-"], home) as process:
        timer = threading.Timer(patience, process.kill)
        timer.start()
        events: list[AnyEvent] = []
        looks: list[Look] = []
        watcher = threading.Thread(target=_watch, args=(process, looks))
        ready = 0.0
        try:
            assert process.stdout is not None
            for line in process.stdout:
                events.append(from_json(line))
                if isinstance(events[-1], SessionStarted):
                    ready = time.monotonic() - began
                    watcher.start()
            code = process.wait()
        finally:
            timer.cancel()
            if watcher.is_alive():
                process.kill()
                watcher.join()
    if code != 0:
        late = f"it was stopped after {patience:.0f} s" if code < 0 else f"exit code {code}"
        raise VoicestandError(f"voicestand run did not get to its end: {late}")
    return Trial(events, ready, looks)


def _watch(process: subprocess.Popen[bytes], looks: list[Look]) -> None:
    began = time.monotonic()
    while process.poll() is None:
        below = descendants(process.pid)
        recognizers = [pid for pid in below if is_recognizer(pid)]
        rest = [process.pid, *(pid for pid in below if pid not in recognizers)]
        at = time.monotonic() - began
        look = Look(at, memory(recognizers), memory(rest), sum(map(cpu_seconds, rest)))
        if process.poll() is None and look.rest.whole > 0:
            looks.append(look)
        time.sleep(EVERY)


def output(arguments: Sequence[str], home: Path) -> bytes:
    """What another command of the program prints. Raises ``VoicestandError`` if it fails."""
    with _started(arguments, home) as process:
        printed, _ = process.communicate(timeout=60)
    if process.returncode != 0:
        raise VoicestandError(f"voicestand {arguments[0]} failed: exit code {process.returncode}")
    return printed


@contextmanager
def _started(arguments: Sequence[str], home: Path) -> Iterator[subprocess.Popen[bytes]]:
    foreign = ("XDG_", "VOICESTAND_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", "from voicestand.cli import main; main()", *arguments],
        env=env | {"HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        try:
            yield process
        except BaseException:
            process.send_signal(signal.SIGKILL)  # its workers follow it
            raise
