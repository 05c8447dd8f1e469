"""Ten minutes of a call, as fast as they can be heard: nothing is lost, and nothing grows."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.program import Program, Running, of_kind
from tests.spoken_calls import DIALOGUE, RATE, Line, perform

from voicestand.events import SessionEnded, SpeechEnded, SpeechStarted, TranscriptFinal

MINUTES = 10

GROWTH = 1.0
"""Megabytes that the program may grow by from the first third to the end: much more than the bench
of a long run allows, since here every page counts that is needed for the first time."""


class Look(NamedTuple):
    """What the program and its processes have at a moment."""

    files: int
    threads: int
    processes: int
    megabytes: float


def open_files(folder: Path) -> int:
    """Of the process at ``folder``, without those that come and go: what is being said is spooled,
    and the statistics read /proc."""
    count = 0
    for file in (folder / "fd").iterdir():
        with suppress(FileNotFoundError):
            target = str(file.readlink())
            count += "/spool/" not in target and not target.startswith("/proc/")
    return count


def look(running: Running) -> Look:
    pids = [running.process.pid, *running.processes()]
    folders = [Path(f"/proc/{pid}") for pid in pids]
    memory = [
        int(line.split()[1])
        for folder in folders
        for line in (folder / "smaps_rollup").read_text().splitlines()
        if line.startswith(("Pss_Anon:", "Pss_Shmem:"))
    ]
    return Look(
        sum(map(open_files, folders)),
        sum(len(list((folder / "task").iterdir())) for folder in folders),
        len(pids),
        1024 * sum(memory) / 1e6,
    )


def test_ten_minutes_lose_nothing_and_nothing_grows(program: Program, tmp_path: Path) -> None:
    lines = list(DIALOGUE)
    seconds = perform(tmp_path / "once.wav", lines).seconds
    times = round(60 * MINUTES / seconds) + 1
    again = [Line(DIALOGUE[0].channel, 1.5, DIALOGUE[0].text), *DIALOGUE[1:]]
    call = perform(tmp_path / "call.wav", lines + (times - 1) * again)
    assert call.seconds > 60 * MINUTES
    program.prefix = [sys.executable, "-m", "tests.session.program_with_echo"]
    running = program.start(
        *("run", "--input", call.path, "--pace", "max", "--events", "-"),
        env={
            "VOICESTAND_SPEECH__ENGINE": "echo",
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        },
    )
    running.first(TranscriptFinal, lambda final: final.t > call.seconds / 3)
    early = look(running)
    running.first(TranscriptFinal, lambda final: final.t > 0.95 * call.seconds)
    late = look(running)
    assert running.end() == 0

    ended = running.events[-1]
    assert isinstance(ended, SessionEnded)
    assert ended.frames_captured == ended.frames_delivered == call.frames
    assert ended.frames_lost == 0
    assert ended.t * RATE >= call.frames - RATE
    begun = [event.utterance for event in of_kind(running.events, SpeechStarted)]
    finals = [event.utterance for event in of_kind(running.events, TranscriptFinal)]
    spoken = [event.utterance for event in of_kind(running.events, SpeechEnded)]
    assert len(finals) >= 3 * times
    assert sorted(finals) == sorted(begun) == sorted(spoken) == sorted(set(finals))
    assert late[:3] == early[:3]
    assert late.megabytes - early.megabytes < GROWTH
