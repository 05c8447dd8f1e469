"""Runs on devices that are steered from outside: what is muted is never heard."""

from __future__ import annotations

import re
import signal
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from tests.program import PATIENCE, Program, Running, error_lines, wait_until
from tests.real.test_run_device import check_books, pactl, with_words
from tests.spoken_calls import Recording

from voicestand.audio import load
from voicestand.config import AudioSettings
from voicestand.daemon.client import Client
from voicestand.daemon.protocol import Command, Status
from voicestand.events import EngineAlert, SessionStarted, TranscriptFinal, TranscriptPartial

if TYPE_CHECKING:
    from tests.real.conftest import AudioServer

pytestmark = pytest.mark.real


@pytest.fixture
def steered(pulse_server: AudioServer) -> Iterator[Program]:
    """The program beside a sound server."""
    program = Program(Path(pulse_server.env["HOME"]), dict(pulse_server.env))
    yield program
    program.close()


def ask(program: Program, command: Command = "status") -> Status:
    """What the run answers."""
    with closing(Client(Path(program.env["XDG_RUNTIME_DIR"]) / "voicestand")) as client:
        return client.ask(command)


def command(program: Program, name: str) -> Status:
    """The same by the program's own command."""
    done = program(name, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return msgspec.json.decode(done.stdout, type=Status)


def lines(running: Running) -> list[str]:
    """The log of a daemon, which has priorities for systemd."""
    found = running.stderr.splitlines()
    assert all(re.match(r"<[346]>event=", line) for line in found), running.stderr
    return found


def alert(running: Running, code: str) -> EngineAlert:
    return running.first(EngineAlert, lambda alert: alert.code == code)


def recorded(program: Program, session: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    (file,) = program.data.glob(f"**/{session}/self.flac")
    samples: np.ndarray[Any, np.dtype[np.float32]] = load(file, AudioSettings()).samples[0]
    return samples


def test_what_is_said_while_paused_is_never_read(
    steered: Program, pulse_server: AudioServer, monologue: Recording, sentence: Recording
) -> None:
    recording = {"VOICESTAND_JOURNAL__RECORD_AUDIO": "true"}
    running = steered.start("run", "--events", "-", env=recording)
    running.first(SessionStarted)
    pulse_server.play(monologue.path)
    running.first(TranscriptPartial)
    assert ask(steered).state == "listening"
    assert pactl(pulse_server, "list", "short", "source-outputs")

    assert command(steered, "pause").state == "paused"
    assert pactl(pulse_server, "list", "short", "source-outputs") == ""
    paused = alert(running, "engine.paused")
    # What was said until then is transcribed, though the voice goes on.
    running.first(TranscriptFinal, lambda final: bool(final.text))
    assert ask(steered, "pause").state == "paused"
    before = ask(steered)
    wait_until(lambda: (ask(steered).seconds or 0) > (before.seconds or 0) + 1, "the clock")
    assert ask(steered).frames_captured == before.frames_captured
    assert pactl(pulse_server, "list", "short", "source-outputs") == ""
    pulse_server.silence()

    assert command(steered, "resume").state == "listening"
    alert(running, "engine.resumed")
    assert ask(steered).frames_captured > before.frames_captured
    heard = len(with_words(running))
    pulse_server.play(sentence.path)
    running.first(TranscriptFinal, lambda _: len(with_words(running)) > heard)
    assert command(steered, "stop").state == "ending"
    assert running.end() == 130
    assert error_lines(running.stderr) == []

    ended = check_books(steered, running)
    assert ended.frames_missing > 48_000
    finals = with_words(running)
    assert all(final.end < paused.t + 0.25 for final in finals[:heard])
    samples = recorded(steered, ended.session)
    begin, end = (round(16_000 * t) for t in (paused.t + 0.25, finals[heard].start - 0.5))
    assert end - begin > 16_000
    assert np.abs(samples[begin:end]).max() < 1e-3
    assert np.abs(samples[:begin]).max() > 0.05
    assert np.abs(samples[end:]).max() > 0.05


@contextmanager
def service_manager(program: Program) -> Iterator[Callable[[str], None]]:
    """Stands for systemd: waits until it is told a line."""
    address = f"@voicestand-{uuid.uuid4().hex}"
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{address[1:]}")
        manager.settimeout(PATIENCE)
        program.env |= {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"}

        def wait_for(line: str) -> None:
            while line not in heard:
                heard.extend(manager.recv(4096).decode().splitlines())
            heard.clear()

        yield wait_for


def test_a_daemon_tells_systemd_logs_lines_and_begins_sessions_anew(
    steered: Program, pulse_server: AudioServer, sentence: Recording
) -> None:
    with service_manager(steered) as wait_for:
        steered.env["VOICESTAND_DAEMON__SESSION_SILENCE"] = "0.5"
        running = steered.start("run", "--daemon")
        wait_for("READY=1")
        status = ask(steered)
        assert (status.daemon, status.pid) == (True, running.process.pid)
        assert status.frames_captured > 0
        wait_for("WATCHDOG=1")

        second = steered("run", "--daemon")
        assert (second.returncode, second.stdout) == (1, "")
        assert f"process {running.process.pid}" in second.stderr

        pulse_server.play(sentence.path)
        wait_until(lambda: ask(steered).session not in (None, status.session), "a new session")
        wait_for("WATCHDOG=1")
        running.send(signal.SIGTERM)
        wait_for("STOPPING=1")
        assert running.end() == 0

    assert running.events == []
    log = [line for line in lines(running) if "session." in line]
    assert len(log) == 4
    assert "reason=end" in log[1]
    assert "reason=interrupted" in log[3]
    latest, first = steered.sessions()
    assert (latest["status"], first["status"]) == ("complete", "complete")
    assert [final.text for final in steered.journalled(first["id"]) if final.text]
    assert not any(word in running.stderr for word in ("send", "report", "today"))
