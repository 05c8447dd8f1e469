"""One durable final transcript: the journal against itself without fsync, and against a log file.

Claim: a final is on disk, indexed and readable by other processes, for about the price of appending
a line to a file with an fsync. Input: finals of 12 words with their times, one at a time, the three
ways in turn so that all see the same disk. Unit: milliseconds a final, median and 99th percentile.
The folder is under /var/tmp, which, unlike /tmp, is nowhere kept in memory.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

import pytest

from voicestand.bench.record import record
from voicestand.events import SessionStarted, TranscriptFinal, Word, to_json
from voicestand.journal import Journal

FINALS = 1000
TEXT = "so what would it cost us to move the whole team over"


def _final(number: int) -> TranscriptFinal:
    words = [
        "so",
        "what",
        "would",
        "it",
        "cost",
        "us",
        "to",
        "move",
        "the",
        "whole",
        "team",
        "over",
    ]
    return TranscriptFinal(
        session="bench",
        t=number + 1.0,
        channel="self",
        utterance=f"u{number}",
        text=TEXT,
        start=float(number),
        end=number + 0.9,
        engine="pocketsphinx",
        latency_ms=600.0,
        engine_ms=4.0,
        recognizer_ms=90.0,
        words=[
            Word(text=word, start=number + place / 12, end=number + (place + 1) / 12)
            for place, word in enumerate(words)
        ],
    )


def _journal(folder: Path) -> Journal:
    journal = Journal.open(folder)
    journal.begin(
        SessionStarted(
            session="bench",
            t=0.0,
            version="0",
            started_at="2026-11-20T21:00:00+01:00",
            source="bench",
            channels=["self"],
            sample_rate=16_000,
            engine="pocketsphinx",
            vad_device="CPU",
        )
    )
    return journal


def test_durable_final_costs_about_an_fsync(capsys: pytest.CaptureFixture[str]) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as scratch:
        folder = Path(scratch)
        ours = _journal(folder / "durable")
        careless = _journal(folder / "careless")
        careless._connection.execute("PRAGMA synchronous=OFF")
        with ours, careless, (folder / "log").open("ab", buffering=0) as log:

            def append(event: TranscriptFinal) -> None:
                log.write(to_json(event) + b"\n")
                os.fsync(log)

            ways: dict[str, Callable[[TranscriptFinal], object]] = {
                "journal, synchronous=FULL": ours.final,
                "journal, synchronous=OFF": careless.final,
                "append a line + fsync": append,
            }
            taken: dict[str, list[float]] = {name: [] for name in ways}
            for number in range(FINALS):
                event = _final(number)
                for name, write in ways.items():
                    begin = time.perf_counter()
                    write(event)
                    taken[name].append((time.perf_counter() - begin) * 1e3)
    record(
        "journal-durable-final",
        "a durable final costs about as much as appending a line and syncing it",
        input="finals of 12 words, one at a time, on the disk of /var/tmp",
        unit="ms",
        ours=taken["journal, synchronous=FULL"],
        peers={name: times for name, times in taken.items() if "FULL" not in name},
    )
    claim = median(taken["journal, synchronous=FULL"])
    with capsys.disabled():
        print(f"\none durable final, {FINALS} finals, ms:")
        for name, times in taken.items():
            print(
                f"  {name:<26} median {median(times):7.3f}  p99 {quantiles(times, n=100)[98]:7.3f}"
                f"  FULL is {claim / median(times):5.2f} x this"
            )
