"""Prints where sentences are split and how long their ends are awaited, fixed and adaptive.

Run from the root of the project: ``python scripts/measure_endpoints.py FOLDER [SECONDS]``. The
folder has WAV files of one sentence each; those whose names begin alike, up to a ``-`` or ``_``,
are one speaker and become one channel, in order, with 1.5 s of silence after each. *Split*: ends
that were told before the sentence was over. *Awaited*: from the end of its speech until that was
told. ``SECONDS`` is ``vad.min_silence``. The demo call is measured, too, turn by turn.
"""

from __future__ import annotations

import itertools
import re
import sys
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from voicestand.audio import load
from voicestand.config import AudioSettings, VadSettings
from voicestand.demo import recording, reference
from voicestand.vad.live import utterances
from voicestand.vad.silero import SileroVad
from voicestand.vad.windows import SAMPLE_RATE

SILENCE = 1.5
"""Seconds after each sentence."""


class Sentence(NamedTuple):
    """One recording in a channel."""

    name: str
    start: int
    end: int


class Ends(NamedTuple):
    """What became of a sentence."""

    splits: int
    awaited: float
    """Seconds; not a number where the end was not told before the next sentence."""


def channel(paths: list[Path]) -> tuple[NDArray[np.float32], list[Sentence]]:
    """All that a speaker says, with silence after each sentence."""
    parts: list[NDArray[np.float32]] = []
    sentences = []
    now = 0
    for path in paths:
        spoken = load(path, AudioSettings()).samples.mean(axis=0, dtype=np.float32)
        sentences.append(Sentence(path.stem, now, now + len(spoken)))
        parts += [spoken, np.zeros(round(SILENCE * SAMPLE_RATE), np.float32)]
        now += len(spoken) + len(parts[-1])
    return np.concatenate(parts), sentences


def ends(
    vad: SileroVad, samples: NDArray[np.float32], sentences: list[Sentence], settings: VadSettings
) -> list[Ends]:
    """Of each sentence."""
    found = utterances(vad, samples, settings)
    result = []
    for one in sentences:
        within = [
            (what.end, told)
            for what, told in found
            if one.start <= (what.start + what.end) // 2 < one.end
        ]
        awaited = (within[-1][1] - within[-1][0]) / SAMPLE_RATE if within else float("nan")
        result.append(Ends(max(0, len(within) - 1), awaited))
    return result


def call() -> list[tuple[NDArray[np.float32], list[Sentence]]]:
    """The channels of the demo call, with the turns of each."""
    channels = load(recording(), AudioSettings()).samples
    turns = reference()
    return [
        (
            samples,
            [
                Sentence(role, round(turn.start * SAMPLE_RATE), round(turn.end * SAMPLE_RATE))
                for turn in turns
                if turn.channel == role
            ],
        )
        for role, samples in zip(("self", "other"), channels, strict=True)
    ]


def total(rows: list[Ends]) -> str:
    """All splits, and the median of what was awaited."""
    awaited = np.median([one.awaited for one in rows])
    return f"{sum(one.splits for one in rows):6} {awaited:7.2f} s"


def main() -> None:
    """Measures and prints."""
    paths = sorted(Path(sys.argv[1]).glob("*.wav"))
    base = VadSettings(min_silence=float(sys.argv[2]) if len(sys.argv) > 2 else 0.5)
    sides = [msgspec.structs.replace(base, adaptive_silence=on) for on in (False, True)]
    vad = SileroVad("CPU")
    table: list[list[Ends]] = [[], []]
    names: list[str] = []
    for _, speaker in itertools.groupby(paths, lambda path: re.split("[-_]", path.stem)[0]):
        samples, sentences = channel(list(speaker))
        names += [one.name for one in sentences]
        for rows, settings in zip(table, sides, strict=True):
            rows.extend(ends(vad, samples, sentences, settings))
    turns = [list(itertools.chain(*(ends(vad, *one, side) for one in call()))) for side in sides]
    print(f"{'':16} {'fixed':>16} {'adaptive':>16}")
    for name, *row in zip(names, *table, strict=True):
        print(f"{name:16}", *(f"{one.splits:6} {one.awaited:7.2f} s" for one in row))
    for name, both in (("all", table), (f"{len(turns[0])} turns, demo", turns)):
        print(f"{name:16}", *(total(rows) for rows in both))


if __name__ == "__main__":
    main()
