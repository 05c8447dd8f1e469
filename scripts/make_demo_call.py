"""Makes the demo call: a two-person sales call, spoken by flite, one speaker a channel.

Usage: ``python scripts/make_demo_call.py [FOLDER]`` (default: python/voicestand/demo). Writes
``sales-call.ogg`` (Opus, 48 kHz; left: the salesperson, channel ``self``; right: the customer,
channel ``other``) and ``sales-call.tsv`` (start, end, channel, text: the reference). Needs the
program ``flite`` (Debian package flite) with the voices slt and rms. The same flite and the same
FFmpeg give the same bytes.

The wording is chosen so that the embedded recognizer understands the phrases that matter: after
changing a line, run ``pytest tests/coach/test_demo.py``.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

VOICES = {"self": "slt", "other": "rms"}
STRETCH = {"self": 1.1, "other": 1.0}
"""Duration of the sounds: slt by herself speaks 195 words per minute, too fast for a model call."""
SPOKEN_RATE = 16_000
"""Hz; what both voices produce."""
OPUS_RATE = 48_000
"""Hz; the rate of a sound card, so that the demo also exercises the resampler."""
BIT_RATE = 48_000
"""Of both channels together. Opus codes stereo jointly: at 48 kbit/s the side that is silent holds
only the room (-66 dB of full scale), at 24 kbit/s up to -52 dB of the other speaker."""
MARGIN = 0.5
"""Seconds of silence before the first and after the last word."""
PEAK = 0.5
"""Of full scale (-6 dB), per utterance: a telephone-like, even level."""
ROOM_LEVEL = 10 ** (-66 / 20)
"""Of full scale: the faint noise of a quiet room. Digital silence is not what microphones give."""


@dataclass(frozen=True)
class Line:
    """One utterance; ``pause`` is the seconds since the end of the one before, below 0: overlap."""

    channel: str
    pause: float
    text: str


CALL = (
    Line("self", 0.0, "Hello, my name is Mary. Thank you for taking the time today."),
    Line("other", 0.7, "Hi Mary. No problem. I have about ten minutes."),
    Line("self", 0.7, "How does your team handle customer calls today?"),
    Line(
        "other",
        0.9,
        "Most of it is done by hand. We spend hours every week writing notes, "
        "and it is really slow.",
    ),
    Line("self", 0.8, "What happens when something is forgotten?"),
    Line("other", 0.8, "Then we lose the customer. It is a big problem for us."),
    Line("self", 0.7, "Our software writes the notes for you during the call."),
    Line("other", 0.7, "That sounds great. How much does it cost?"),
    Line("self", 0.8, "It is forty dollars per person per month."),
    Line("other", 0.9, "That is too expensive for us. We do not have the budget this year."),
    Line("self", -0.2, "I understand. How much would it help to save five hours every week?"),
    Line("other", 1.0, "That is fair. But we are also looking at Red Mountain. They are cheaper."),
    Line("self", 0.8, "I see. What do you like about them?"),
    Line("other", 0.9, "Does it work with our phone system? And where is the data stored?"),
    Line("self", 0.8, "Yes, it does. The data stays on your own machine."),
    Line("other", 0.8, "Good. I would have to ask my boss before we decide."),
    Line("self", 0.8, "Of course. Can we meet with her on Thursday to agree on the next step?"),
    Line("other", 0.9, "Yes, Thursday morning is fine. Please send me the details."),
    Line("self", 0.7, "Great. I will send you an invitation today. Goodbye."),
)


def speak(line: Line) -> npt.NDArray[np.float32]:
    """The utterance at 16 kHz, without the silence flite puts around it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "utterance.wav"
        voice = ["-voice", VOICES[line.channel]]
        stretch = ["--setf", f"duration_stretch={STRETCH[line.channel]}"]
        subprocess.run(["flite", *voice, *stretch, "-t", line.text, "-o", str(path)], check=True)
        with wave.open(str(path)) as file:
            if file.getframerate() != SPOKEN_RATE:
                raise SystemExit(f"flite speaks at {file.getframerate()} Hz, not {SPOKEN_RATE}")
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    speech = samples.astype(np.float32) / 32768
    loud = np.flatnonzero(np.abs(speech) > 0.01 * np.abs(speech).max())
    speech = speech[loud[0] : loud[-1] + 1]
    return np.asarray(speech * (PEAK / np.abs(speech).max()), np.float32)


def perform() -> tuple[npt.NDArray[np.float32], list[tuple[float, float, Line]]]:
    """The call: samples (2, frames) at 16 kHz, and each line with its start and end in seconds."""
    clips = [speak(line) for line in CALL]
    placed = []
    now = round(MARGIN * SPOKEN_RATE)
    for line, clip in zip(CALL, clips, strict=True):
        start = now + round(line.pause * SPOKEN_RATE)
        now = start + len(clip)
        placed.append((start, now, line))
    frames = now + round(MARGIN * SPOKEN_RATE)
    noise = np.random.default_rng(seed=20_000).standard_normal((2, frames), np.float32)
    call = ROOM_LEVEL * noise
    for (start, end, line), clip in zip(placed, clips, strict=True):
        call[list(VOICES).index(line.channel), start:end] += clip
    return call, [(start / SPOKEN_RATE, end / SPOKEN_RATE, line) for start, end, line in placed]


def _packed(call: npt.NDArray[np.float32]) -> Iterator[av.AudioFrame]:
    samples = np.clip(np.rint(call.T * 32767), -32768, 32767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="stereo")
    frame.sample_rate = SPOKEN_RATE
    frame.pts = 0
    resampler = av.AudioResampler("s16", "stereo", OPUS_RATE)
    yield from resampler.resample(frame)
    yield from resampler.resample(None)


def write_opus(call: npt.NDArray[np.float32], path: Path) -> None:
    """Encodes (2, frames) at 16 kHz as Opus in Ogg, without dates or random serial numbers."""
    with av.open(str(path), "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=OPUS_RATE, layout="stereo")
        stream.bit_rate = BIT_RATE
        stream.options = {"application": "audio", "vbr": "on", "flags": "+bitexact"}
        for frame in _packed(call):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main() -> None:
    """Writes the recording and its reference."""
    default = Path(__file__).parents[1] / "python" / "voicestand" / "demo"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    call, placed = perform()
    write_opus(call, folder / "sales-call.ogg")
    rows = [f"{start:.3f}\t{end:.3f}\t{line.channel}\t{line.text}" for start, end, line in placed]
    text = "\n".join(["start\tend\tchannel\ttext", *rows]) + "\n"
    (folder / "sales-call.tsv").write_text(text, encoding="utf-8")
    print(f"{folder / 'sales-call.ogg'}: {call.shape[1] / SPOKEN_RATE:.1f} s, {len(rows)} lines")


if __name__ == "__main__":
    main()
