"""When something was really to be heard: the truth that times are held to.

PulseAudio's null sink renders its first two seconds in one piece and ``paplay`` takes half a second
to begin, so neither the server's answer nor the player's start says it: another client listens, and
so it does to PipeWire. JACK has audio once it answers, and the tests' player there writes down when
it began.
"""

from __future__ import annotations

import subprocess
import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tests.real.conftest import AudioServer

LOUD = 500
"""Beyond which a 16-bit sample is no silence."""
_RATE = 48_000
_PATIENCE = 10.0
"""Seconds that are waited for what should be heard."""


class Ear(Protocol):
    """Listens from when it is made; all times on ``time.monotonic()``."""

    def began(self) -> float:
        """When the server first had audio, silence too."""

    def heard(self, since: float) -> float:
        """When something was first to be heard after ``since``; waits for it."""


class SoundServerEar:
    """At a null sink's monitor."""

    def __init__(self, audio: IO[bytes]) -> None:
        self._audio = audio
        self._change = threading.Condition()
        self._began: float | None = None
        self._loud: list[float] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def began(self) -> float:
        with self._change:
            assert self._change.wait_for(lambda: self._began is not None, _PATIENCE), "no audio"
            assert self._began is not None
            return self._began

    def heard(self, since: float) -> float:
        with self._change:
            assert self._change.wait_for(lambda: self._first_since(since) is not None, _PATIENCE), (
                "silence"
            )
            first = self._first_since(since)
            assert first is not None
            return first

    @staticmethod
    @contextmanager
    def listening(server: AudioServer, sink: str) -> Iterator[Ear]:
        command = ["parec", f"--device={sink}.monitor", "--raw", "--format=s16le", "--channels=1"]
        command += [f"--rate={_RATE}", "--latency-msec=10"]
        with subprocess.Popen(command, env=server.env, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            try:
                yield SoundServerEar(process.stdout)
            finally:
                process.kill()

    def _first_since(self, since: float) -> float | None:
        return next((when for when in self._loud if when >= since), None)

    def _listen(self) -> None:
        while piece := self._audio.read1(4_096):  # type: ignore[attr-defined]
            now = time.monotonic()
            samples = array("h", piece[: len(piece) // 2 * 2])
            loud = next((at for at, sample in enumerate(samples) if abs(sample) > LOUD), None)
            with self._change:
                self._began = self._began or now
                if loud is not None:
                    self._loud.append(now - (len(samples) - loud) / _RATE)
                self._change.notify_all()


class JackEar:
    """What the server and the tests' player tell."""

    def __init__(self, recording: Path) -> None:
        self._note = recording.with_name(f"{recording.name}.began")
        self._made = time.monotonic()

    def began(self) -> float:
        return self._made

    def heard(self, since: float) -> float:
        when = float(self._note.read_text())
        assert when >= since
        return when


@contextmanager
def listening_to(server: AudioServer, recording: Path, sink: str = "vs") -> Iterator[Ear]:
    """An ear for what ``server.play(recording)`` plays; for another ``sink`` if told so."""
    if server.device == "loopback":
        yield JackEar(recording)
    else:
        with SoundServerEar.listening(server, sink) as ear:
            yield ear
