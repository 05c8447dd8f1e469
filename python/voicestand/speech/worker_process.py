"""A worker seen from its parent: made, spoken to without waiting, and buried."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from voicestand.speech.messages import Command, Report, ReportStream, encode

if TYPE_CHECKING:
    from voicestand.speech.audio_log import AudioLog
    from voicestand.speech.template_process import Template

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""Environment; a linear algebra library would start a thread per core at import."""

START_SECONDS = 60.0
"""Longest time a process may take to load its model, from a cold disk."""

_STDERR_TAIL = 4096
"""Bytes in which its last line is looked for."""

LAST_BREATH_SECONDS = 2.0
"""An interpreter that ends closes its files first, and itself a little later."""


class TemplateGoneError(OSError):
    """The template ended while it was asked for a worker; another one is on its way."""


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


class Child(Protocol):
    """A process of ours, as ``subprocess.Popen`` is one."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def kill(self) -> None:
        """Sends it SIGKILL."""

    def wait(self) -> int:
        """Waits until it has ended; its exit code, negative for a signal."""


class ForkedChild:
    """A child that its template forked for us."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def kill(self) -> None:
        """Sends it SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Waits until it has ended; its exit code, negative for a signal."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class WorkerProcess:
    """One worker process. ``socket`` and ``pidfd`` are for a selector.

    Forked from ``template`` where there is one that can, else spawned. Raises ``OSError`` if it
    cannot be made. Must be made by a thread that lives as long as the worker shall: the kernel
    kills the worker when that thread ends, or that of the template it was forked from.
    """

    def __init__(
        self, engine_path: str, log: AudioLog, partial_interval: float, template: Template | None
    ) -> None:
        self._unsent = bytearray()
        self._stream = ReportStream()
        # What a dying engine prints would land in the middle of the user's captions; its last line
        # belongs into the alert. An anonymous file, unlike a pipe, needs nobody to read it.
        self._stderr = os.memfd_create("voicestand-worker-stderr", os.MFD_CLOEXEC)
        self.socket, theirs = socket.socketpair()
        try:
            self.socket.setblocking(False)
            with theirs:
                descriptors = [theirs.fileno(), log.fd, self._stderr]
                pid = template.fork(partial_interval, descriptors) if template else None
                self._process: Child = (
                    ForkedChild(pid)
                    if pid is not None
                    else _spawned(engine_path, partial_interval, *descriptors)
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
        ended = select.poll()
        ended.register(self.pidfd, select.POLLIN)
        itself = bool(ended.poll(1000 * LAST_BREATH_SECONDS))
        if not itself:
            self._process.kill()
        code = self._process.wait()
        kind = signal.Signals(-code) if itself and code < 0 else None
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


def _spawned(
    engine_path: str, partial_interval: float, connection: int, log: int, stderr: int
) -> Child:
    arguments: Sequence[str] = (
        *(sys.executable, "-P", "-m", "voicestand.speech.worker"),
        *("--engine", engine_path),
        *("--socket", str(connection)),
        *("--log", str(log)),
        *("--parent", str(os.getpid())),
        *("--partial-interval", str(partial_interval)),
    )
    return subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        pass_fds=(connection, log),
        start_new_session=True,
        env=os.environ | ONE_THREAD,
    )
