"""Draws docs/long-run.svg: what a session of hours takes, and whether it grows.

Run from the root of the project, with the dependency group ``dev`` installed: ``python
scripts/long_run.py --minutes 120``. The demo call is played, again and again and at its own pace,
into the null sink of a PulseAudio server of its own, and ``voicestand run`` hears it there. Prints
what became of every utterance and every frame, and writes what it saw to docs/long-run.json.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.program import Program, Running, of_kind
from tests.real.conftest import AudioServer, running_pulse

from voicestand import demo
from voicestand.bench.processes import memory
from voicestand.events import SessionEnded, SessionStarted, SpeechStarted, TranscriptFinal

PICTURE, RECORD = Path("docs/long-run.svg"), Path("docs/long-run.json")
EVERY = 10.0
"""Seconds between two looks."""
WARM = 0.25
"""Of the session, left out of the slope: pages are needed for the first time."""
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 760, 300, 60, 30, 260


class Look(NamedTuple):
    """The program and its processes at a moment."""

    minutes: float
    megabytes: float
    """Their own memory, shared pages divided among them, without files."""
    threads: int
    files: int


def look(running: Running, began: float) -> Look:
    """At this moment."""
    pids = [running.process.pid, *running.processes()]
    return Look(
        (time.monotonic() - began) / 60,
        memory(pids).own,
        *(sum(len(list(Path(f"/proc/{pid}/{kind}").iterdir())) for pid in pids)
          for kind in ("task", "fd")),
    )  # fmt: skip


def watch(server: AudioServer, program: Program, minutes: float) -> tuple[Running, list[Look]]:
    """The session, with the call played until it ends."""
    running = program.start("run", "--events", "-", "--duration", f"{60 * minutes:g}")
    running.first(SessionStarted)
    began, looks = time.monotonic(), []
    player = server.play(demo.recording())
    while running.process.poll() is None:
        if player.poll() is not None:
            player = server.play(demo.recording())
        time.sleep(EVERY)
        if time.monotonic() < began + 60 * minutes - EVERY:
            looks.append(look(running, began))
    return running, looks


def slope(looks: list[Look]) -> tuple[float, float]:
    """Megabytes an hour once it is warm, and two standard errors.

    The errors are those of twelve means: looks that follow each other are not independent.
    """
    warm = looks[round(WARM * len(looks)) :]
    parts = [np.mean(part, axis=0) for part in np.array_split(np.array(warm)[:, :2], 12)]
    at, megabytes = np.array(parts).T
    (found, _), covariance = np.polyfit(at / 60, megabytes, 1, cov=True)
    return float(found), 2 * float(np.sqrt(covariance[0, 0]))


def picture(looks: list[Look], text: str) -> str:
    """Memory over time as an SVG, threads and files in words."""
    most = 50.0 * math.ceil(max(one.megabytes for one in looks) / 50)
    last = looks[-1].minutes

    def x(minutes: float) -> float:
        return LEFT + (WIDTH - LEFT - 20) * minutes / last

    def y(megabytes: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * megabytes / most

    points = " ".join(f"{x(one.minutes):.1f},{y(one.megabytes):.1f}" for one in looks)
    drawn = [f'<polyline fill="none" stroke="#c0392b" stroke-width="1.5" points="{points}"/>']
    for tick in range(0, round(most) + 1, 50):
        drawn.append(
            f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y(tick)}" y2="{y(tick)}" class="g"/>'
        )
        drawn.append(f'<text x="{LEFT - 8}" y="{y(tick) + 4}" text-anchor="end">{tick}</text>')
    for tick in range(0, round(last) + 1, max(5, 5 * round(last / 40))):
        drawn.append(
            f'<text x="{x(tick):.1f}" y="{BOTTOM + 18}" text-anchor="middle">{tick}</text>'
        )
    drawn.append(
        f'<text x="{LEFT}" y="18">megabytes of all processes, without files. {text}</text>'
    )
    drawn.append(f'<text x="{WIDTH - 20}" y="{HEIGHT - 6}" text-anchor="end">minutes</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        "<style>text{font:12px sans-serif;fill:#444}.g{stroke:#ddd}</style>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>{"".join(drawn)}</svg>\n'
    )


def main() -> int:
    """Exit code 1 if an utterance or a frame was lost, or a thread or file more was there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120.0)
    minutes: float = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as home, running_pulse() as server:
        running, looks = watch(server, Program.at(Path(home), server.env), minutes)
        code = running.end()
    ended = running.events[-1]
    assert isinstance(ended, SessionEnded), running.stderr
    begun = {event.utterance for event in of_kind(running.events, SpeechStarted)}
    finals = Counter(event.utterance for event in of_kind(running.events, TranscriptFinal))
    warm = looks[round(WARM * len(looks)) :]
    threads, files = ({*column} for column in list(zip(*warm, strict=True))[2:])
    found, unsure = slope(looks)
    text = f"{found:+.2f} ± {unsure:.2f} MB an hour after the first {100 * WARM:.0f} %"
    PICTURE.write_text(picture(looks, text))
    RECORD.write_bytes(msgspec.json.format(msgspec.json.encode(looks), indent=0))
    print(
        f"exit code {code}, {ended.t / 60:.1f} minutes, {ended.frames_captured} frames captured, "
        f"{ended.frames_lost} lost, {ended.frames_missing} missing, {ended.xruns} xruns; "
        f"{len(begun)} utterances begun, {len(finals)} final, "
        f"{sum(count > 1 for count in finals.values())} of them twice; {text}; "
        f"threads {sorted(threads)}, files {sorted(files)}"
    )
    return int(
        bool(code or ended.frames_lost or set(finals) != begun or len(threads) + len(files) > 2)
    )


if __name__ == "__main__":
    sys.exit(main())
