"""The workers' template seen from its parent: kept alive by a thread, and asked for workers."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from voicestand.config import SpeechSettings
from voicestand.speech.backoff import Backoff
from voicestand.speech.forking import can_fork, children
from voicestand.speech.messages import Fork, Forked, Loaded
from voicestand.speech.registry import chosen
from voicestand.speech.worker_process import (
    LAST_BREATH_SECONDS,
    ONE_THREAD,
    START_SECONDS,
    TemplateGoneError,
)

ANSWER_SECONDS = 2.0
"""Longest time in which a template may fork a worker: it takes milliseconds."""

RETRY_SECONDS = 30.0
"""After a template that could not load its model; until the next one workers are spawned."""

_LARGEST = 1 << 10
"""Bytes of a message."""


class _Process:
    """One template process. Raises ``OSError`` if it cannot be spawned."""

    def __init__(self, engine_path: str) -> None:
        self.connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.connection.settimeout(ANSWER_SECONDS)
        try:
            with theirs:
                self._child = subprocess.Popen(
                    [
                        *(sys.executable, "-P", "-m", "voicestand.speech.template"),
                        *("--engine", engine_path),
                        *("--socket", str(theirs.fileno())),
                        *("--parent", str(os.getpid())),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    # Why it cannot load, a worker that is spawned in its place will say again.
                    stderr=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                    env=os.environ | ONE_THREAD,
                )
            self.pidfd = os.pidfd_open(self._child.pid)
        except OSError:
            self.connection.close()
            raise

    @property
    def pid(self) -> int:
        return self._child.pid

    def loaded(self) -> Loaded | None:
        """Its first message; ``None`` if it ends without."""
        if data := self.connection.recv(_LARGEST):
            return msgspec.msgpack.decode(data, type=Loaded)
        self._ends_within(LAST_BREATH_SECONDS)
        return None

    def fork(self, partial_interval: float, descriptors: Sequence[int]) -> int:
        """The process id of a new worker. Raises ``OSError`` or ``msgspec.DecodeError``."""
        request = msgspec.msgpack.encode(Fork(partial_interval))
        socket.send_fds(self.connection, [request], descriptors)
        return msgspec.msgpack.decode(self.connection.recv(_LARGEST), type=Forked).pid

    def kill(self) -> None:
        self._child.kill()

    def bury(self) -> bool:
        """Ends it and releases what was held for it; whether a signal had ended it before."""
        code = self._child.poll()
        self._child.kill()
        self._child.wait()
        self.connection.close()
        os.close(self.pidfd)
        return code is not None and code < 0

    def _ends_within(self, seconds: float) -> bool:
        return self.pidfd in _readable([self.pidfd], seconds)


class Template:
    """The template of one engine, replaced when it dies, and a thread that sees to it.

    It only saves memory and time: where it cannot fork, workers are spawned, and one that is killed
    takes no worker with it. ``engine_path`` as in the registry.
    """

    def __init__(self, engine_path: str) -> None:
        self._engine_path = engine_path
        self._loading = True
        self._watchers: list[Callable[[], None]] = []
        self._changed = threading.Lock()
        """Guards these two."""
        self._process: _Process | None = None
        self._ready: _Process | None = None
        self._forked: set[int] = set()
        """Workers that somebody waits for."""
        self._asking = threading.Lock()
        """Guards these two: there is one request at a time."""
        self._closing = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        # The kernel kills the template, and what it forked, when the thread that spawned it ends.
        self._thread = threading.Thread(target=self._run, name="recognizer-template", daemon=True)

    def start(self) -> None:
        """Has the template spawned; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Kills the template, and workers that it forked, and ends the thread."""
        os.eventfd_write(self._closing, 1)
        if self._thread.is_alive():
            self._thread.join()
        os.close(self._closing)

    @property
    def loading(self) -> bool:
        """Whether it is worth waiting for: it will be able to fork soon, as far as is known."""
        return self._loading

    @property
    def pid(self) -> int | None:
        """Process id of the present template."""
        process = self._process
        return process.pid if process else None

    def watch(self, wake: Callable[[], None]) -> None:
        """Has ``wake`` called, which may not wait, when :attr:`loading` changes."""
        with self._changed:
            self._watchers.append(wake)

    def unwatch(self, wake: Callable[[], None]) -> None:
        """Undoes :meth:`watch`."""
        with self._changed:
            self._watchers.remove(wake)

    def fork(self, partial_interval: float, descriptors: Sequence[int]) -> int | None:
        """Process id of a new worker, a child of this process; ``None`` where there is no template.

        ``descriptors``: its socket, its log, its standard error. Raises :class:`TemplateGoneError`
        where the template just died, or was killed because it did not answer: the next one loads.
        """
        with self._asking:
            process = self._ready
            if process is None:
                return None
            try:
                pid = process.fork(partial_interval, descriptors)
            except (OSError, msgspec.DecodeError) as error:
                self._ready = None
                self._tell(loading=True)
                process.kill()
                raise TemplateGoneError(f"the workers' template does not answer: {error}") from None
            self._forked.add(pid)
            return pid

    def _tell(self, *, loading: bool) -> None:
        with self._changed:
            self._loading = loading
            for wake in self._watchers:
                wake()

    def _run(self) -> None:
        backoff = Backoff()
        try:
            while (delay := self._one(backoff)) is not None:
                self._tell(loading=delay == 0.0)
                if self._closes_within(delay):
                    return
                self._tell(loading=True)
        finally:
            self._tell(loading=False)

    def _one(self, backoff: Backoff) -> float | None:
        """One template from birth to death; seconds to wait before the next, ``None``: for ever."""
        try:
            process = self._process = _Process(self._engine_path)
        except OSError:
            return RETRY_SECONDS
        lived = None
        try:
            loaded = self._loaded(process)
            if loaded is not None and loaded.threads > 1:
                return None
            if loaded is not None:
                lived = self._life(process)
        finally:
            self._process = None
            killed = process.bury()
            self._end_unknown()
        return backoff.delay(lived) if killed or lived is not None else RETRY_SECONDS

    def _loaded(self, process: _Process) -> Loaded | None:
        connection = process.connection.fileno()
        if connection not in _readable([connection, self._closing], START_SECONDS):
            return None
        return process.loaded()

    def _life(self, process: _Process) -> float:
        """Offers it until it ends or is not wanted any more; seconds."""
        began = time.monotonic()
        with self._asking:
            self._ready = process
        self._tell(loading=False)
        _readable([process.pidfd, self._closing], None)
        with self._asking:
            self._ready = None
        return time.monotonic() - began

    def _end_unknown(self) -> None:
        """Ends what a template forked and did not live to tell of: nobody else waits for it."""
        with self._asking:
            present = children()
            self._forked &= present
            for pid in present - self._forked:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _closes_within(self, seconds: float) -> bool:
        return bool(_readable([self._closing], seconds))


def _readable(descriptors: Sequence[int], seconds: float | None) -> set[int]:
    """Those of ``descriptors`` that can be read, or have been hung up, within ``seconds``."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return {fd for fd, _ in poll.poll(None if seconds is None else 1000 * seconds)}


@contextmanager
def started_template(settings: SpeechSettings) -> Iterator[Template | None]:
    """What the workers of a run are forked from, loading; ``None`` if they cannot be forked.

    Raises what :func:`voicestand.speech.registry.chosen` raises.
    """
    choice = chosen(settings)
    if not (choice.entry.forkable and can_fork()):
        yield None
        return
    template = Template(choice.path)
    template.start()
    try:
        yield template
    finally:
        template.close()
