"""Conversations for tests of the whole program, spoken by flite: always the same bytes."""

from __future__ import annotations

import shutil
import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]

RATE = 16_000
"""Hz; what flite speaks at."""

VOICES = {"self": "slt", "other": "rms"}


class Line(NamedTuple):
    """One utterance, ``pause`` seconds after the end of the one before (of either speaker)."""

    channel: str
    pause: float
    text: str


@dataclass(frozen=True)
class Recording:
    """A WAV file, 16 kHz, 16 bits, and what is said in it."""

    path: Path
    lines: Sequence[Line]
    frames: int
    spans: list[tuple[float, float]] = field(repr=False)
    """Start and end of each line, in seconds."""

    @property
    def seconds(self) -> float:
        return self.frames / RATE

    def words(self, channel: str) -> set[str]:
        """What is said on ``channel``, without punctuation."""
        said = " ".join(line.text for line in self.lines if line.channel == channel).lower()
        return set("".join(c if c.isalpha() else " " for c in said).split())


@cache
def spoken(text: str, voice: str = "slt") -> Pcm:
    """``text``, without the silence that flite puts around it: int16[n], 16 kHz."""
    flite = shutil.which("flite")
    assert flite, "the tests need flite: apt install flite (make test does)"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        subprocess.run([flite, "-voice", voice, "-t", text, "-o", path], check=True)
        with wave.open(str(path)) as file:
            assert (file.getnchannels(), file.getframerate()) == (1, RATE)
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)
    loud = np.flatnonzero(np.abs(samples) > 300)
    return samples[loud[0] : loud[-1] + 1]


def write_wav(path: Path, channels: Sequence[Pcm]) -> None:
    """One row a channel."""
    with wave.open(str(path), "wb") as file:
        file.setparams((len(channels), 2, RATE, 0, "NONE", ""))
        file.writeframes(np.stack(channels, axis=1).astype("<i2").tobytes())


def perform(path: Path, lines: Sequence[Line], *, after: float = 1.0) -> Recording:
    """Writes the conversation: mono where only one speaks, else ``self`` left, ``other`` right."""
    clips = [spoken(line.text, VOICES[line.channel]) for line in lines]
    starts, now = [], 0
    for line, clip in zip(lines, clips, strict=True):
        starts.append(now + round(line.pause * RATE))
        now = starts[-1] + len(clip)
    frames = now + round(after * RATE)
    speakers = [name for name in VOICES if any(line.channel == name for line in lines)]
    rows = {name: np.zeros(frames, np.int16) for name in speakers}
    for line, start, clip in zip(lines, starts, clips, strict=True):
        rows[line.channel][start : start + len(clip)] = clip
    write_wav(path, list(rows.values()))
    spans = [(s / RATE, (s + len(c)) / RATE) for s, c in zip(starts, clips, strict=True)]
    return Recording(path, tuple(lines), frames, spans)


MONOLOGUE = (
    Line("self", 0.8, "Thank you for calling. How can I help you today?"),
    Line("self", 1.2, "We can send the report to your office in the morning."),
    Line("self", 1.0, "Please tell me your name and the number of your house."),
)

DIALOGUE = (
    Line("self", 0.6, "How does your team handle customer calls today?"),
    Line("other", 0.8, "That is too expensive for us. We do not have the budget this year."),
    Line("self", -0.3, "I understand. How much would it help to save five hours every week?"),
    Line("other", 1.0, "Please send me the details in the morning."),
)

LONG_SPEECH = (
    Line(
        "self",
        0.5,
        "it was the best of times it was the worst of times it was the age of wisdom it was the "
        "age of foolishness it was the season of light it was the season of darkness it was the "
        "spring of hope it was the winter of despair we had everything before us we had nothing "
        "before us we were all going direct to heaven we were all going direct the other way",
    ),
)
"""Without a pause."""
