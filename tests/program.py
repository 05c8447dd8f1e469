"""The installed program, run from outside with a home of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sysconfig
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from voicestand.events import AnyEvent, TranscriptFinal, from_json

EXECUTABLE = Path(sysconfig.get_path("scripts")) / "voicestand"

PATIENCE = 120.0
"""Seconds until a test gives up: far more than anything here takes."""

WORKER, TEMPLATE = "vs-recognizer", "vs-template"
"""Names of the recognizers' processes, as ``ps -e`` shows them."""

_NOTHING: Mapping[str, str] = {}

E = TypeVar("E", bound=AnyEvent)


def events_of(text: str | bytes) -> list[AnyEvent]:
    """Every line as an event; fails on a line that is none."""
    return [from_json(line) for line in text.splitlines()]


def of_kind(events: list[AnyEvent], kind: type[E]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


def error_lines(stderr: str) -> list[str]:
    """The lines in which the program says what went wrong; a crash is never among them."""
    assert "Traceback" not in stderr, stderr
    assert "panicked" not in stderr, stderr
    return [line for line in stderr.splitlines() if line.startswith("voicestand: error:")]


def descendants(pid: int) -> list[int]:
    """The processes below ``pid``, as far as they still are there."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


def command_line(pid: int) -> str:
    """Empty if the process has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def name_of(pid: int) -> str:
    """Empty if the process has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def wait_until(
    condition: Callable[[], object], what: str = "it", seconds: float = PATIENCE
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.02)


class Running:
    """``voicestand run`` in the background; its events are read as they come."""

    def __init__(self, command: list[str], env: Mapping[str, str], cwd: Path) -> None:
        self.events: list[AnyEvent] = []
        self.unfinished = b""
        """What came after the last line break: a line the program was killed in."""
        self.process = subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._stderr = b""
        self._readers = [threading.Thread(target=f) for f in (self._read, self._read_stderr)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith(b"\n"):
                self.events.append(from_json(line))
            else:
                self.unfinished = line

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        self._stderr = self.process.stderr.read()

    def first(self, kind: type[E], matching: Callable[[E], bool] = lambda event: True) -> E:
        """Waits for an event."""
        found: list[E] = []

        def look() -> bool:
            found[:] = [event for event in of_kind(list(self.events), kind) if matching(event)]
            return bool(found) or self.process.poll() is not None

        wait_until(look, kind.__name__)
        assert found, f"the program ended without {kind.__name__}: {self._stderr!r}"
        return found[0]

    def processes(self) -> list[int]:
        """Those that it started, itself or through another."""
        return [pid for pid in descendants(self.process.pid) if is_alive(pid)]

    def workers(self) -> list[int]:
        """The processes of its recognizers, without what they are forked from."""
        return [pid for pid in self.processes() if name_of(pid) == WORKER]

    def template(self) -> int | None:
        """The process that its workers are forked from."""
        return next((pid for pid in self.processes() if name_of(pid) == TEMPLATE), None)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, seconds: float = PATIENCE) -> int:
        """Waits until it has ended and everything is read; the exit code."""
        code = self.process.wait(seconds)
        for reader in self._readers:
            reader.join(seconds)
            assert not reader.is_alive(), "a process of the program holds its output open"
        return code

    @property
    def stderr(self) -> str:
        return self._stderr.decode()

    def kill(self) -> None:
        """Ends it and what it started, whatever state it is in."""
        pids = [self.process.pid, *descendants(self.process.pid)]
        for pid in pids if self.process.poll() is None else []:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()
        for reader in self._readers:
            reader.join()


@dataclass
class Program:
    """Runs the program with settings and journal under ``home``."""

    home: Path
    env: dict[str, str] = field(repr=False)
    prefix: list[str] = field(default_factory=list)
    """A command that runs it, for example in another mount namespace."""
    _running: list[Running] = field(default_factory=list)

    @classmethod
    def at(cls, home: Path, base: Mapping[str, str] = os.environ) -> Program:
        """``base``: the environment, of which nothing that leads to another home is kept."""
        foreign = ("XDG_", "VOICESTAND_")
        env = {name: value for name, value in base.items() if not name.startswith(foreign)}
        return cls(home, env | {"HOME": str(home)})

    def __call__(
        self, *arguments: object, timeout: float = PATIENCE, env: Mapping[str, str] = _NOTHING
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env={**self.env, **env},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *arguments: object, env: Mapping[str, str] = _NOTHING) -> Running:
        running = Running(self.command(*arguments), {**self.env, **env}, self.home)
        self._running.append(running)
        return running

    def command(self, *arguments: object) -> list[str]:
        return [*self.prefix, str(EXECUTABLE), *map(str, arguments)]

    def close(self) -> None:
        for running in self._running:
            running.kill()

    @property
    def data(self) -> Path:
        """Where the journal is."""
        return self.home / ".local" / "share" / "voicestand"

    def sessions(self) -> list[dict[str, Any]]:
        """What the journal lists, the latest first."""
        done = self("sessions", "list", "--json")
        assert (done.returncode, done.stderr) == (0, "")
        listed: list[dict[str, Any]] = json.loads(done.stdout)
        return listed

    def journalled(self, session: str) -> list[TranscriptFinal]:
        """The finals of a session, from the journal."""
        done = self("sessions", "show", session, "--json")
        assert (done.returncode, error_lines(done.stderr)) == (0, [])
        return msgspec.convert(json.loads(done.stdout)["utterances"], list[TranscriptFinal])

    def exported(self, session: str) -> str:
        """The text of a session, from the journal."""
        done = self("sessions", "export", session, "--format", "txt")
        assert (done.returncode, error_lines(done.stderr)) == (0, [])
        return done.stdout
