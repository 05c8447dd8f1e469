"""A recognizer under test: what it said, and how to speak to it."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import tempfile
import wave
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
from tests.program import wait_until

from voicestand.config import SpeechSettings
from voicestand.events import Severity
from voicestand.speech.recognizer import FinalResult, PartialResult, Recognizer
from voicestand.speech.registry import resolve
from voicestand.speech.template_process import Template

Pcm = npt.NDArray[np.int16]

PATIENCE = 60.0
"""Seconds until a test gives up: far more than anything takes."""

REPOSITORY = Path(__file__).resolve().parents[2]

SHARED = REPOSITORY.parent / "shared" / "speech" / "utterances"
"""Real recordings beside the repository; absent on most machines."""

SHORT_RECORDINGS = sorted(p for p in SHARED.glob("*.wav") if p.stat().st_size < 120_000)


def read(path: Path) -> Pcm:
    """A mono 16-bit WAV file of 16 kHz."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)


@functools.cache
def spoken(text: str) -> Pcm:
    """``text`` in flite's voice slt."""
    flite = shutil.which("flite")
    assert flite, "flite is not installed: apt install flite"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        subprocess.run([flite, "-voice", "slt", "-t", text, "-o", path], check=True)
        return read(path)


class Hearing:
    """A recognizer and all it said."""

    forks = False
    """Whether its workers are forked from a template."""

    def __init__(self, engine_path: str | None, **settings: float) -> None:
        template = engine_path or resolve().path
        self.template = Template(template) if self.forks else None
        self.partials: list[PartialResult] = []
        self.finals: list[FinalResult] = []
        self.alerts: list[tuple[Severity, str, str]] = []
        self.recognizer = Recognizer(
            "self",
            SpeechSettings(engine="pocketsphinx", **settings),  # type: ignore[arg-type]
            on_partial=self.partials.append,
            on_final=self.finals.append,
            on_alert=lambda *alert: self.alerts.append(alert),
            engine_path=engine_path,
            template=self.template,
        )

    def __enter__(self) -> Self:
        if self.template:
            self.template.start()
        self.recognizer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.recognizer.close()
        if self.template:
            self.template.close()

    def write(self, pcm: Pcm, block: int = 512) -> None:
        for at in range(0, len(pcm), block):
            self.recognizer.write(pcm[at : at + block].astype(np.float32) / np.float32(32768))

    def say(self, name: str, pcm: Pcm, block: int = 512) -> None:
        """One whole utterance."""
        start = self.recognizer.head
        self.recognizer.begin(name, start)
        self.write(pcm, block)
        self.recognizer.end(name, start + len(pcm))

    def say_while_killed(self, name: str, pcm: Pcm, at: int) -> None:
        """One whole utterance, whose worker is killed once it heard something of ``at`` samples."""
        self.partials.clear()
        self.recognizer.begin(name, self.recognizer.head)
        self.write(pcm[:at])
        wait_until(lambda: self.partials)
        os.kill(self.ready_worker(), signal.SIGKILL)
        self.write(pcm[at:])
        self.recognizer.end(name, self.recognizer.head)
        self.drain()

    def drain(self) -> None:
        assert self.recognizer.drain(PATIENCE), "finals are missing"

    def ready_worker(self) -> int:
        """Process id of a worker that has loaded its model."""
        assert self.recognizer.wait_ready(PATIENCE)
        pid = self.recognizer.worker_pid
        assert pid is not None
        return pid

    @property
    def texts(self) -> dict[str, str]:
        assert len({final.utterance for final in self.finals}) == len(self.finals)
        return {final.utterance: final.text for final in self.finals}

    @property
    def codes(self) -> list[str]:
        return [code.removeprefix("recognizer.") for _, code, _ in self.alerts]
