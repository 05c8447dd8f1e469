"""Prints how often an utterance that is too long is cut inside a word.

Run from the root of the project: ``python -m scripts.measure_cuts FOLDER``, a folder with WAV
files and ``words.tsv``: on each line the name of a file and its words, with a tab between. The
embedded recognizer says when each word was said, since it is told which ones. A cut is looked for
within every half second, second, … of a recording: the shorter, the less choice. One within 60 ms
of a word's beginning or end, or in a pause, is not inside it. Beside the levels and probabilities
that ship: the probabilities alone.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder
from scripts.measure_voice_activity import heard_at

from voicestand.audio import load
from voicestand.config import AudioSettings
from voicestand.speech.audio_log import to_pcm
from voicestand.vad.cut import Window, weakest
from voicestand.vad.level import LEVEL, power
from voicestand.vad.silero import SileroVad
from voicestand.vad.windows import HOP, LATENESS, SAMPLE_RATE
from voicestand.vad.windows import windows as windows_in

WITHIN = (0.5, 1.0, 2.0, 3.0)
"""Seconds."""
EDGE = 0.06
"""Seconds."""
PAUSE = 12
"""Frames of 10 ms that make a pause …"""
QUIET = 25.0
"""… when they are so many dB below the loud ones."""


class Aligned(NamedTuple):
    """A recording, what the model says of it, and when its words are."""

    probabilities: list[float]
    powers: list[float]
    words: list[tuple[float, float]]
    pauses: NDArray[np.bool_]

    def inside(self, t: float) -> bool:
        """Whether ``t``, in seconds, is inside a word."""
        if self.pauses[min(int(100 * t), len(self.pauses) - 1)]:
            return False
        return any(start + EDGE < t < end - EDGE for start, end in self.words)


def align(vad: SileroVad, path: Path, text: str) -> Aligned:
    """Finds the words of a recording."""
    samples = load(path, AudioSettings()).samples.mean(axis=0, dtype=np.float32)
    decoder = Decoder(samprate=float(SAMPLE_RATE), loglevel="FATAL")
    decoder.set_align_text(text)
    decoder.start_utt()
    decoder.process_raw(to_pcm(samples).tobytes(), full_utt=True)
    decoder.end_utt()
    words = [
        (segment.start_frame / 100, (segment.end_frame + 1) / 100)
        for segment in decoder.seg()
        if not segment.word.startswith(("<", "["))
    ]
    windows = np.pad(samples, (0, -len(samples) % HOP)).reshape(-1, HOP)
    probabilities = heard_at(vad, samples, LEVEL).tolist()
    return Aligned(probabilities, [power(one) for one in windows], words, pauses(samples))


def pauses(samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which frames of 10 ms lie in a pause."""
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    level = 10 * np.log10(np.square(frames).mean(axis=1) + 1e-9)
    quiet = level < np.percentile(level, 80) - QUIET
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]])))
    marks = np.zeros(len(quiet), np.bool_)
    for start, end in edges.reshape(-1, 2):
        marks[start:end] = end - start >= PAUSE
    return marks


def cuts(one: Aligned, count: int, *, levels: bool) -> list[float]:
    """Seconds, for every ``count`` successive windows between the first word and the last."""
    windows = [
        Window(probability, 10 * math.log10(loud + 1e-9) if levels else 0.0)
        for probability, loud in zip(one.probabilities, one.powers, strict=True)
    ]
    first, last = (int(t * SAMPLE_RATE / HOP) for t in (one.words[0][0], one.words[-1][1]))
    places = (weakest(windows, range(k, k + count)) for k in range(first, last - count))
    return [(HOP * place + HOP // 2 - LATENESS) / SAMPLE_RATE for place in places]


def main() -> None:
    """Measures and prints."""
    folder = Path(sys.argv[1])
    lines = [line.split("\t") for line in (folder / "words.tsv").read_text().splitlines() if line]
    vad = SileroVad("CPU")
    aligned = [align(vad, folder / name, words.strip()) for name, words in lines]
    print(f"{'within':>8} {'cuts':>6} {'inside a word':>15} {'by probability':>15}")
    for seconds in WITHIN:
        count = windows_in(seconds)
        ours, other = (
            [one.inside(t) for one in aligned for t in cuts(one, count, levels=levels)]
            for levels in (True, False)
        )
        print(f"{seconds:6.1f} s {len(ours):6} {np.mean(ours):15.1%} {np.mean(other):15.1%}")


if __name__ == "__main__":
    main()
