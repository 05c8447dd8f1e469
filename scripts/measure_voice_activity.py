"""Prints how well speech is found on labelled recordings: in files, live, and leave-one-out.

Run from the root of the project: ``python scripts/measure_voice_activity.py FOLDER``. The folder
has mono WAV files of 16 kHz, each beside a ``.scv`` of ``name,start,end,label,start,end,label,…``,
in seconds, label 1 for speech. Scores are frame F1 over frames of 10 ms; the totals count frames,
not recordings. *Leave-one-out*: for each recording, the settings and constants that are best on all
others. Where that beats what ships, or what ships beats it by much, something was fitted.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voicestand.audio import load
from voicestand.config import AudioSettings, VadSettings
from voicestand.vad import level
from voicestand.vad.level import SpeechLevel, power
from voicestand.vad.live import utterances
from voicestand.vad.segments import detect, speech_segments
from voicestand.vad.silero import SileroVad
from voicestand.vad.windows import HOP, SAMPLE_RATE

Frames = NDArray[np.bool_]
Spans = list[tuple[float, float]]
"""Seconds."""

SHIPPED = VadSettings()
LEVELS = (-27.0, -16.0, -13.0, -10.0, -7.0)
ONSETS = (0.3, 0.4, 0.5, 0.6, 0.7)
RELEASES = (0.2, 0.35, 0.5)
SHIFTS = (-0.032, -0.016, 0.0, 0.016, 0.032)
"""Seconds by which a segment lies later than what ships has it."""


class Recording(NamedTuple):
    """One labelled recording."""

    name: str
    samples: NDArray[np.float32]
    labels: Frames


class Counts(NamedTuple):
    """Frames of speech by the label, by what was found, by both."""

    said: int
    found: int
    both: int

    @property
    def precision(self) -> float:
        """The share of what was found that is speech."""
        return self.both / max(1, self.found)

    @property
    def recall(self) -> float:
        """The share of speech that was found."""
        return self.both / max(1, self.said)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.both / max(1, self.said + self.found)


def read(path: Path) -> Recording:
    """A recording with its labels."""
    fields = [float(field) for field in path.with_suffix(".scv").read_text().split(",")[1:]]
    triples = zip(fields[0::3], fields[1::3], fields[2::3], strict=True)
    spoken = [(start, end) for start, end, label in triples if label]
    samples = load(path, AudioSettings()).samples.mean(axis=0, dtype=np.float32)
    return Recording(path.stem, samples, frames(spoken, int(fields[-2] * 100)))


def frames(spans: Spans, count: int) -> Frames:
    """Whether the middle of each frame of 10 ms lies in one of the spans."""
    middles = (np.arange(count) + 0.5) / 100
    marks = np.zeros(count, np.bool_)
    for start, end in spans:
        marks |= (middles >= start) & (middles < end)
    return marks


def counts(recording: Recording, spans: Spans) -> Counts:
    """How the spans agree with the labels."""
    found = frames(spans, len(recording.labels))
    both = recording.labels & found
    return Counts(int(recording.labels.sum()), int(found.sum()), int(both.sum()))


def total(parts: list[Counts]) -> Counts:
    """Of several recordings."""
    return Counts(*(sum(column) for column in zip(*parts, strict=True)))


def in_file(vad: SileroVad, recording: Recording, settings: VadSettings = SHIPPED) -> Spans:
    """As ``voicestand vad`` finds them."""
    return [(one.start_s, one.end_s) for one in detect(vad, recording.samples, settings)[0]]


def live_segments(vad: SileroVad, recording: Recording, settings: VadSettings = SHIPPED) -> Spans:
    """As ``speech.ended`` tells them: ``segments``."""
    found = utterances(vad, recording.samples, settings)
    spans = [span for one, _ in found for span in one.segments]
    return [(span.start / SAMPLE_RATE, span.end / SAMPLE_RATE) for span in spans]


def live_utterances(vad: SileroVad, recording: Recording) -> Spans:
    """As ``speech.ended`` tells them: ``start`` and ``end``, across the pauses between them."""
    found = utterances(vad, recording.samples, SHIPPED)
    return [(one.start / SAMPLE_RATE, one.end / SAMPLE_RATE) for one, _ in found]


def errors(recording: Recording, spans: Spans) -> tuple[list[float], list[float]]:
    """Seconds from every onset and release that was found to the nearest labelled one."""
    steps = np.diff(np.concatenate([[0], recording.labels.astype(int), [0]]))
    last = len(recording.samples) / SAMPLE_RATE
    found = []
    for kind, places in ((1, [start for start, _ in spans]), (-1, [end for _, end in spans])):
        said = np.flatnonzero(steps == kind) / 100
        # What a recording's ends cut off is no boundary.
        inner = [t for t in places if 0.02 < t < last - 0.02]
        found.append([float(np.abs(said - t).min()) for t in inner])
    return found[0], found[1]


def heard_at(vad: SileroVad, samples: NDArray[np.float32], target: float) -> NDArray[np.float32]:
    """The probabilities of a live channel, were ``target`` the level of its speech."""
    stream, follower = vad.stream(), SpeechLevel()
    other = np.float32(10 ** ((target - level.LEVEL) / 20))
    found = []
    for window in np.pad(samples, (0, -len(samples) % HOP)).reshape(-1, HOP):
        found.append(stream(window * follower.gain * other))
        follower.hear(power(window), found[-1])
    return np.array(found, np.float32)


def leave_one_out(vad: SileroVad, recordings: list[Recording]) -> None:
    """Prints what the choices that are best on all other recordings give on each."""
    heard = {
        (one.name, target): heard_at(vad, one.samples, target)
        for one in recordings
        for target in LEVELS
    }
    table: list[list[Counts]] = []
    choices = [
        (target, onset, release, shift)
        for target, onset, release, shift in itertools.product(LEVELS, ONSETS, RELEASES, SHIFTS)
        if release <= onset
    ]
    for target, onset, release, shift in choices:
        row = []
        for one in recordings:
            settings = VadSettings(onset=onset, release=release)
            spans = speech_segments(heard[one.name, target], settings, len(one.samples))
            moved = [(span.start_s + shift, span.end_s + shift) for span in spans]
            row.append(counts(one, moved))
        table.append(row)

    print("\nleave-one-out: speech level, onset, release, shift that are best on the others")
    held_out = []
    for index, one in enumerate(recordings):
        rest = [total(row[:index] + row[index + 1 :]).f1 for row in table]
        best = int(np.argmax(rest))
        held_out.append(table[best][index])
        target, onset, release, shift = choices[best]
        print(
            f"{one.name:20} {target:6.0f} dBFS {onset:5.2f} {release:5.2f} {1000 * shift:+4.0f} ms"
            f"  F1 {held_out[-1].f1:.4f}"
        )
    scores = np.array([total(row).f1 for row in table])
    print(f"leave-one-out, all recordings: F1 {total(held_out).f1:.4f}")
    print(
        f"best of {len(choices)} choices on all: {scores.max():.4f}; median {np.median(scores):.4f}"
    )


def main() -> None:
    """Measures and prints."""
    recordings = [read(path) for path in sorted(Path(sys.argv[1]).glob("*.wav"))]
    vad = SileroVad("CPU")
    sides = {"file": in_file, "live": live_segments, "utterances": live_utterances}
    scored: dict[str, list[Counts]] = {side: [] for side in sides}
    onsets: dict[str, list[float]] = {side: [] for side in sides}
    releases: dict[str, list[float]] = {side: [] for side in sides}
    print(f"{'frame F1':20}", *(f"{side:>11}" for side in sides))
    for one in recordings:
        for side, find in sides.items():
            spans = find(vad, one)
            scored[side].append(counts(one, spans))
            early, late = errors(one, spans)
            onsets[side] += early
            releases[side] += late
        print(f"{one.name:20}", *(f"{scored[side][-1].f1:11.4f}" for side in sides))
    print(f"{'all':20}", *(f"{total(scored[side]).f1:11.4f}" for side in sides))
    for name, found in (("onset", onsets), ("release", releases)):
        row = (f"{1000 * float(np.median(found[side])):8.0f} ms" for side in sides)
        print(f"{name + ', median error':20}", *row)
    leave_one_out(vad, recordings)


if __name__ == "__main__":
    main()
