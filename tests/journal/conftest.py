"""Events of one session, and places where the disk is full or cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.made_events import started

from voicestand.events import (
    ChannelMetrics,
    CoachMetrics,
    CoachSuggestion,
    EngineAlert,
    SessionEnded,
    SessionStarted,
    TranscriptFinal,
    Word,
)


@dataclass(frozen=True)
class Call:
    """Makes the events of one session."""

    session: str = "0193-first"
    channels: tuple[str, ...] = ("self", "other")

    def started(self) -> SessionStarted:
        return started(self.session, self.channels)

    def final(
        self,
        number: int,
        text: str = "so what does it cost",
        *,
        channel: str = "self",
        words: list[Word] | None = None,
    ) -> TranscriptFinal:
        return TranscriptFinal(
            session=self.session,
            t=number + 0.75,
            channel=channel,
            utterance=f"u{number}",
            text=text,
            start=float(number),
            end=number + 0.5,
            engine="pocketsphinx",
            latency_ms=612.5,
            engine_ms=4.25,
            recognizer_ms=108.25,
            words=words,
        )

    def suggestion(self, number: int) -> CoachSuggestion:
        return CoachSuggestion(
            session=self.session,
            t=number + 0.8,
            channel="other",
            utterance=f"u{number}",
            kind="playbook",
            text="Ask what they compare it with.",
            sources=["playbook:sales-call/price"],
            latency_ms=0.5,
        )

    def alert(self, number: int) -> EngineAlert:
        return EngineAlert(
            session=self.session,
            t=float(number),
            severity="warning",
            code="recognizer.restarted",
            message="The recognizer was restarted.",
        )

    def metrics(self, words: int) -> CoachMetrics:
        return CoachMetrics(session=self.session, t=1.0, channels={"self": spoken(words)})

    def ended(self, utterances: int = 1) -> SessionEnded:
        return SessionEnded(
            session=self.session,
            t=72.5,
            frames_captured=1000,
            frames_delivered=1000,
            frames_lost=0,
            xruns=0,
            utterances=utterances,
            suggestions=0,
            duration=72.5,
            reason="end",
            channels={"self": spoken(12)},
        )


def spoken(words: int) -> ChannelMetrics:
    return ChannelMetrics(
        talk_seconds=6.0,
        talk_ratio=0.4,
        words=words,
        words_per_minute=120.0,
        longest_monologue=5.0,
        questions=2,
        fillers=1,
    )


@pytest.fixture
def call() -> Call:
    return Call()


@pytest.fixture
def another_call() -> Call:
    return Call(session="0194-second")


RunPython = Callable[[Path, str], subprocess.CompletedProcess[str]]
"""Runs code in a new process, with a folder as ``sys.argv[1]``."""


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def _in_own_mounts(mount: str, folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Runs code where ``mount`` (shell, ``$1`` is the folder) was mounted for it alone."""
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    allowed = _run([*unshare, "sh", "-c", mount, "sh", str(folder)])
    if allowed.returncode:
        pytest.skip(f"this machine does not let us mount: {allowed.stderr.strip()}")
    script = f'{mount} && exec "$2" -c "$3" "$1"'
    return _run([*unshare, "sh", "-c", script, "sh", str(folder), sys.executable, code])


@pytest.fixture
def on_read_only_disk() -> RunPython:
    """A folder that cannot be written, for root too."""

    def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
        if os.geteuid() == 0:
            mount = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"'
            return _in_own_mounts(mount, folder, code)
        folder.chmod(0o500)
        try:
            return _run([sys.executable, "-c", code, str(folder)])
        finally:
            folder.chmod(0o700)

    return run


@pytest.fixture
def on_small_disk() -> RunPython:
    """An empty disk of 512 KiB, mounted on the folder."""

    def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
        return _in_own_mounts('mount -t tmpfs -o size=512k tmpfs "$1"', folder, code)

    return run
