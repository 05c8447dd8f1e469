"""Engines for tests, run in a real worker: their words tell exactly which samples they heard.

A sample with one of the values below makes them fail, every time it is heard, or only the first
time: then the file that ``FAULT_MARK`` names remembers it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voicestand.speech.protocol import RecognizedWord, Transcript

Pcm = npt.NDArray[np.int16]

SEGFAULT = 30001
RAISE = 30002
HANG = 30003
EXIT = 30004
FAIL_ONCE = 1000
"""Added to a fault: only the first time."""


def words_of(samples: Pcm) -> str:
    """What the engine says of ``samples``."""
    return f"{len(samples)} {zlib.crc32(samples.tobytes()):08x}"


def fail(fault: int) -> None:
    if fault == SEGFAULT:
        os.kill(os.getpid(), signal.SIGSEGV)
    elif fault == RAISE:
        raise RuntimeError("this engine was asked to fail")
    elif fault == HANG:
        time.sleep(3600)
    elif fault == EXIT:
        sys.exit(0)


class Echo:
    """Hears at the pace given by ``ECHO_PACE``, seconds of work per second of audio (default 0)."""

    name = "echo"

    def __init__(self) -> None:
        self._pace = float(os.environ.get("ECHO_PACE", "0"))
        self._heard: list[Pcm] = []

    def start(self) -> None:
        self._heard = []

    def feed(self, samples: Pcm) -> None:
        time.sleep(self._pace * len(samples) / 16000)
        for fault in (SEGFAULT, RAISE, HANG, EXIT):
            if np.any(samples == fault):
                fail(fault)
            if np.any(samples == fault + FAIL_ONCE):
                mark = Path(os.environ["FAULT_MARK"])
                if not mark.exists():
                    mark.touch()
                    fail(fault)
        self._heard.append(samples)

    def _samples(self) -> Pcm:
        return np.concatenate([np.empty(0, np.int16), *self._heard])

    def partial(self) -> str:
        return words_of(self._samples())

    def finish(self) -> Transcript:
        samples = self._samples()
        word = RecognizedWord(text="all", start=0.0, end=len(samples) / 16000)
        return Transcript(text=words_of(samples), words=[word])


class Seconds(Echo):
    """Its words are the seconds of the utterance: ``0 1 2 …``."""

    name = "seconds"

    def finish(self) -> Transcript:
        words = [
            RecognizedWord(text=str(second), start=float(second), end=second + 1.0)
            for second in range(len(self._samples()) // 16000)
        ]
        return Transcript(text=" ".join(word.text for word in words), words=words)


class CannotStart:
    """Fails to load, until the file that ``FAULT_MARK`` names is there."""

    name = "cannot-start"

    def __new__(cls) -> CannotStart:
        if not Path(os.environ["FAULT_MARK"]).exists():
            raise RuntimeError("the model is not there")
        return Echo()  # type: ignore[return-value]


class ChattyAtDeath(Echo):
    """Half a final is all it manages to send."""

    def finish(self) -> Transcript:
        mark = Path(os.environ["FAULT_MARK"])
        if not mark.exists():
            mark.touch()
            socket = int(sys.argv[sys.argv.index("--socket") + 1])
            os.write(socket, b"\xff\x00\x00\x00half a message")
            os.kill(os.getpid(), signal.SIGKILL)
        return super().finish()


class Heavy(Echo):
    """Its model is 64 MB."""

    name = "heavy"

    def __init__(self) -> None:
        super().__init__()
        self._model = np.ones(64 << 20, np.uint8)


class Threaded(Echo):
    """Has a thread of its own."""

    name = "threaded"

    def __init__(self) -> None:
        super().__init__()
        threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()


class Leaky(Echo):
    """Keeps 24 MB of every utterance."""

    name = "leaky"

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[npt.NDArray[np.uint8]] = []

    def finish(self) -> Transcript:
        self._kept.append(np.ones(24 << 20, np.uint8))
        return super().finish()


class DyingTemplate(Echo):
    """Once, its template is killed when it has forked a worker and has not told of it."""

    def __init__(self) -> None:
        super().__init__()
        template: Any = sys.modules["__main__"]
        mark = Path(os.environ["FAULT_MARK"])
        if mark.exists() or not hasattr(template, "fork_sibling"):
            return
        fork = template.fork_sibling

        def fork_and_die() -> int:
            pid: int = fork()
            if pid:
                mark.write_text(str(pid))
                os.kill(os.getpid(), signal.SIGKILL)
            return pid

        template.fork_sibling = fork_and_die
