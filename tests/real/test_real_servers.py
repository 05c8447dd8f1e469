"""The fixtures themselves: what is played is what PortAudio's input hears."""

from __future__ import annotations

import math
import struct
import subprocess
import sys
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.real.conftest import AudioServer

pytestmark = pytest.mark.real

_RECORD = """
import sys, threading, numpy, sounddevice
name, heard, enough = sys.argv[1], [], threading.Event()
device = None if name == "default" else next(
    d["index"] for d in sounddevice.query_devices() if d["name"] == name)

def callback(data, *_):
    heard.append(data.copy())
    if len(heard) * len(data) >= 3 * 48000:
        enough.set()

with sounddevice.InputStream(48000, 4096, device, 2, callback=callback):
    print("listening", flush=True)
    enough.wait(30)
heard = numpy.concatenate(heard)[:, 0]
spectrum = numpy.abs(numpy.fft.rfft(heard))
print(f"{spectrum.argmax() * 48000 / len(heard):.0f} {numpy.abs(heard).max():.2f}")
"""


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    file = tmp_path / "tone.wav"
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, 48_000, 0, "NONE", ""))
        samples = (int(16_000 * math.sin(2 * math.pi * 440 * i / 48_000)) for i in range(192_000))
        out.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file


def _what_is_heard(server: AudioServer, tone: Path) -> tuple[int, float]:
    with subprocess.Popen(
        [sys.executable, "-c", _RECORD, server.device],
        env=server.env,
        stdout=subprocess.PIPE,
        stderr=None,
        text=True,
    ) as recorder:
        assert recorder.stdout is not None
        assert recorder.stdout.readline() == "listening\n"
        server.play(tone)
        frequency, peak = recorder.communicate(timeout=60)[0].split()
    return int(frequency), float(peak)


def test_what_is_played_to_a_sound_server_is_heard(sound_server: AudioServer, tone: Path) -> None:
    frequency, peak = _what_is_heard(sound_server, tone)
    assert abs(frequency - 440) <= 2
    assert 0.4 < peak < 0.6


def test_what_is_played_to_jack_is_heard(jack_server: AudioServer, tone: Path) -> None:
    frequency, peak = _what_is_heard(jack_server, tone)
    assert abs(frequency - 440) <= 2
    assert 0.4 < peak < 0.6
