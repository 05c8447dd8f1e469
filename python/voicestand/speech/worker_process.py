"""A worker seen from its parent: spawned, spoken to without waiting, and buried."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from voicestand.speech.audio_log import AudioLog
from voicestand.speech.messages import Command, Report, ReportStream, encode

_STDERR_TAIL = 4096
"""Bytes in which its last line is looked for."""

_LAST_BREATH_SECONDS = 2.0
"""An interpreter that ends closes its files first, and itself a little later."""


class WorkerExit(NamedTuple):
    """How a worker ended."""

    code: int
    """As the operating system gives it; negative for a signal."""
    signal: signal.Signals | None
    """The signal that ended it, unless its parent sent it."""
    last_words: str
    """The last line it wrote to standard error; may be empty."""

    def __str__(self) -> str:
        how = self.signal.name if self.signal else f"exit code {self.code}"
        return f"{how} ({self.last_words})" if self.last_words else how


class WorkerProcess:
    """One worker process. ``socket`` and ``pidfd`` are for a selector.

    Raises ``OSError`` if the process cannot be spawned. Must be made by a thread that lives as long
    as the worker shall: the kernel kills the worker when that thread ends.
    """

    def __init__(self, engine_path: str, log: AudioLog, partial_interval: float) -> None:
        self._unsent = bytearray()
        self._stream = ReportStream()
        # What a dying engine prints would land in the middle of the user's captions; its last line
        # belongs into the alert. An anonymous file, unlike a pipe, needs nobody to read it.
        self._stderr = os.memfd_create("voicestand-worker-stderr", os.MFD_CLOEXEC)
        self.socket, theirs = socket.socketpair()
        try:
            self.socket.setblocking(False)
            with theirs:
                arguments: Sequence[str] = (
                    *(sys.executable, "-P", "-m", "voicestand.speech.worker"),
                    *("--engine", engine_path),
                    *("--socket", str(theirs.fileno())),
                    *("--log", str(log.fd)),
                    *("--parent", str(os.getpid())),
                    *("--partial-interval", str(partial_interval)),
                )
                self._process = subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=self._stderr,
                    pass_fds=(theirs.fileno(), log.fd),
                    start_new_session=True,
                    # A linear algebra library would start a thread per core at import.
                    env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                )
            self.pidfd = os.pidfd_open(self._process.pid)
        except OSError:
            self.socket.close()
            os.close(self._stderr)
            raise

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def unsent(self) -> bool:
        """Whether commands still wait for room in the socket."""
        return bool(self._unsent)

    def send(self, commands: Sequence[Command]) -> None:
        """Sends ``commands``, as far as there is room, after those that still wait for it."""
        for command in commands:
            self._unsent += encode(command)
        while self._unsent:
            try:
                sent = self.socket.send(self._unsent)
            except BlockingIOError:
                return
            except OSError:  # the worker is dying; its pidfd will say so
                self._unsent.clear()
                return
            del self._unsent[:sent]

    def receive(self) -> list[Report] | None:
        """The reports that have arrived; None once the worker's end is closed.

        Raises ``msgspec.DecodeError`` for bytes that are no report.
        """
        try:
            data = self.socket.recv(1 << 16)
        except BlockingIOError:
            return []
        except OSError:
            return None
        return self._stream.receive(data) if data else None

    def confine(self, cpus: frozenset[int]) -> None:
        """Lets every thread of the process, and those it starts later, run on ``cpus`` only.

        Where the system refuses, or the process is ending, nothing happens.
        """
        with contextlib.suppress(OSError, ValueError):
            for task in Path(f"/proc/{self._process.pid}/task").iterdir():
                with contextlib.suppress(OSError):
                    os.sched_setaffinity(int(task.name), cpus)

    def kill(self) -> None:
        """Has the kernel end the process at once."""
        self._process.kill()

    def bury(self) -> WorkerExit:
        """Waits for a process that is about to end, and releases what was held for it.

        One that closed its socket but does not end is killed.
        """
        try:
            code = self._process.wait(_LAST_BREATH_SECONDS)
            kind = signal.Signals(-code) if code < 0 else None
        except subprocess.TimeoutExpired:
            self._process.kill()
            code, kind = self._process.wait(), None
        self.socket.close()
        os.close(self.pidfd)
        words = self._last_words()
        os.close(self._stderr)
        return WorkerExit(code, kind, words)

    def _last_words(self) -> str:
        size = os.fstat(self._stderr).st_size
        text = os.pread(self._stderr, _STDERR_TAIL, max(0, size - _STDERR_TAIL))
        lines = text.decode(errors="replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "")
