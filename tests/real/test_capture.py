"""What a device as a source promises, on real audio servers: what is played arrives, whole."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.real.conftest import running_jack
from tests.real.stalls import watched

if TYPE_CHECKING:
    from tests.real.conftest import AudioServer

pytestmark = pytest.mark.real

RATE = 16_000
"""Hz, of speech."""
SECONDS = 4.0
CLOCKS_APART = 0.1
"""Seconds by which the clock of speech, the machine's, may leave that of a device meanwhile."""
ATTEMPTS = 4

# Captures until a second of silence follows the sound, or so many seconds have gone by, and prints
# what a reader of the events would see. What the device gave is kept, and not the speech made of
# it, which is on another clock. PortAudio looks for servers once in a process's life.
_CAPTURE = """
import json, sys, time
import numpy as np
from voicestand.audio.device import DeviceSource
from voicestand.config import AudioSettings
from voicestand.errors import VoicestandError

name, out, seconds, rate = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
try:
    source = DeviceSource(name, AudioSettings(sample_rate=rate, high_pass_hz=0))
except VoicestandError as error:
    print(json.dumps({"error": type(error).__name__, "message": str(error)}))
    raise SystemExit
reader = source.engine.speech_reader(512)
device, blocks, clock = source.engine.capture_reader(), [], 0
told = []
source.tell = lambda severity, code, message: told.append(message)
source.start()
deadline, windows, trouble, heard, quiet = time.monotonic() + seconds, [], None, False, 0
flags = 0

def keep():
    # What the device has given meanwhile; whether there may be more.
    global clock
    try:
        while (block := device.read(timeout=0)) is not None:
            assert block.lost == 0 and block.first_frame == clock + block.missing
            clock = block.first_frame + len(block.samples)
            blocks.append(block.samples.mean(axis=1))
    except TimeoutError:
        return True
    return False

while trouble is None and time.monotonic() < deadline and not (heard and quiet > 31):
    try:
        window = reader.read(timeout=0.2)
    except TimeoutError:
        trouble = source.trouble() or (told[0] if told else None)
        continue
    if not windows:
        print("listening", flush=True)
    windows.append(window.samples)
    keep()
    assert window.first_frame == 512 * (len(windows) - 1)
    flags |= window.flags
    loud = np.abs(window.samples).max() > 0.05
    heard, quiet = heard or loud, 0 if loud else quiet + 1
    trouble = source.trouble() or (told[0] if told else None)
last = time.monotonic()
source.stop()
while (window := reader.read(timeout=5)) is not None:
    windows.append(window.samples[:, : window.frames])
assert not keep()
stats = source.engine.stats()
books = {"delivered": reader.delivered, "lost": reader.lost}
source.close()
source.close()
np.save(out, np.concatenate(blocks))
print(json.dumps(stats | books | {"trouble": trouble, "name": source.name, "flags": flags,
    "speech": sum(window.shape[1] for window in windows),
    "rate": source.sample_rate, "ending": time.monotonic() - last}))
"""


def noise(rate: int) -> NDArray[np.float64]:
    """The same noise at any rate, 100 to 3,000 Hz: it resembles itself in one place only."""
    bins = int(SECONDS * rate) // 2 + 1
    spectrum = np.zeros(bins, np.complex128)
    band = slice(int(SECONDS * 100), int(SECONDS * 3_000))
    phases = np.random.default_rng(1).uniform(0, 2 * np.pi, band.stop - band.start)
    spectrum[band] = np.exp(1j * phases)
    wave = np.fft.irfft(spectrum, int(SECONDS * rate))
    scaled: NDArray[np.float64] = wave * (0.1 / np.std(wave))
    return scaled


@pytest.fixture
def patient_jack_server() -> Iterator[AudioServer]:
    """JACK with periods of 21 ms, which a busy machine can keep."""
    with running_jack(1_024) as server:
        yield server


@pytest.fixture
def played(tmp_path: Path) -> Path:
    """The noise as a file, 48 kHz, mono."""
    path = tmp_path / "noise.wav"
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 48_000, 0, "NONE", ""))
        out.writeframes((32_767 * noise(48_000)).astype("<i2").tobytes())
    return path


def capturing(
    server: AudioServer, out: Path, name: str, *, seconds: float = 40.0, rate: int = 48_000
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _CAPTURE, name, str(out), str(seconds), str(rate)],
        env=server.env,
        stdout=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = process.communicate(timeout=90)
    assert process.returncode == 0, "neither a crash nor an error"
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


def listen(process: subprocess.Popen[str]) -> None:
    """Waits until audio flows."""
    assert process.stdout is not None
    assert process.stdout.readline() == "listening\n"


def places(heard: NDArray[np.float32], rate: int) -> tuple[list[int], list[float]]:
    """Where each block of the noise lies relative to the first, and how like it is, 0 to 1."""
    wanted, block = noise(rate), rate // 4
    offset = int(np.argmax(correlation(heard, wanted[:block])))
    moved, alike = [], []
    for start in range(0, len(wanted) - block, block):
        piece = wanted[start : start + block]
        around = heard[max(0, offset + start - 800) : offset + start + block + 800]
        match = correlation(around, piece)
        place = int(np.argmax(match))
        moved.append(place - min(800, offset + start))
        energy = np.linalg.norm(around[place : place + block]) * np.linalg.norm(piece)
        alike.append(float(match[place] / energy))
    return moved, alike


def longest_silence(samples: NDArray[np.float32]) -> int:
    """Frames of the longest silence within the sound."""
    loud = np.flatnonzero(np.abs(samples) > 1e-3)
    return int(np.diff(loud).max())


def correlation(long: NDArray[Any], short: NDArray[Any]) -> NDArray[np.float64]:
    """Of ``short`` at every place of ``long``."""
    size = len(long) + len(short)
    spectrum = np.fft.rfft(long, size) * np.conj(np.fft.rfft(short, size))
    result: NDArray[np.float64] = np.fft.irfft(spectrum, size)[: len(long) - len(short) + 1]
    return result


def is_whole(samples: NDArray[np.float32], rate: int) -> bool:
    """Whether the noise is there without a hole, a shift or a change of level."""
    moved, alike = places(samples, rate)
    # A lost block of 512 frames moves what follows by as much. The place is found in whole frames;
    # half a frame beside it the likeness is still 0.94. A player that is late by one period makes
    # JACK repeat the last one: that costs 0.1, in every capture alike.
    return (
        max(map(abs, moved)) <= 1
        and min(alike) > 0.75
        and longest_silence(samples) < rate // 1_000
        and bool(0.09 < np.std(samples[np.abs(samples) > 1e-3]) < 0.11)
    )


def hear(server: AudioServer, played: Path, out: Path, rate: int) -> dict[str, Any]:
    """Plays the noise and captures it, whole, at the first try unless the machine stalls in it."""
    for _ in range(ATTEMPTS):
        with watched() as stalls:
            process = capturing(server, out, server.device, rate=rate)
            listen(process)
            server.play(played)
            result = finished(process)
        # The books balance always; what the server itself dropped is not in them.
        assert result["trouble"] is None
        assert result["captured"] == result["delivered"]
        assert (result["lost"], result["lost_before_dsp"], result["rejected"]) == (0, 0, 0)
        samples = np.load(out)
        assert samples.shape == (result["captured"],)
        if not result["clock"]["steps"]:
            seconds = result["captured"] / result["rate"]
            assert result["speech"] / RATE == pytest.approx(seconds, abs=CLOCKS_APART)
        if is_whole(samples, result["rate"]):
            return result
        assert stalls.count, "a hole, and the machine ran all the time"
        server.silence()
    pytest.fail(f"holes in {ATTEMPTS} captures, but {stalls}")


@pytest.mark.parametrize("rate", [48_000, 44_100, 16_000])
def test_what_is_played_to_pulseaudio_arrives_whole_and_in_its_place(
    pulse_server: AudioServer, played: Path, tmp_path: Path, rate: int
) -> None:
    result = hear(pulse_server, played, tmp_path / "heard.npy", rate)
    assert result["rate"] == rate


@pytest.mark.parametrize(
    ("which", "quantum", "rate"),
    [("pipewire_server", 1_024, 44_100), ("pipewire_jack_server", 256, 48_000)],
)
def test_what_is_played_to_pipewire_arrives_whole_whatever_its_quantum_and_rate(
    which: str,
    quantum: int,
    rate: int,
    played: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    server: AudioServer = request.getfixturevalue(which)
    for setting, value in (("quantum", quantum), ("rate", rate)):
        command = ["pw-metadata", "-n", "settings", "0", f"clock.force-{setting}", str(value)]
        subprocess.run(command, env=server.env, check=True, stdout=subprocess.DEVNULL)
    result = hear(server, played, tmp_path / "heard.npy", 48_000)
    # PipeWire converts for all but the clients of its JACK.
    assert result["rate"] == (48_000 if server.device == "default" else rate)


# Opens a client while PipeWire has its usual quantum, lets that become short, and reads nothing
# until a second of it has come.
_SHORTER_QUANTUM = """
import json, subprocess, sys, time
import voicestand as vs

with vs.Capture(sys.argv[1], ring_seconds=4) as capture:
    first = capture.read(10)
    setting = ["pw-metadata", "-n", "settings", "0", "clock.force-quantum", "64"]
    subprocess.run(setting, check=True, stdout=subprocess.DEVNULL)
    while len(capture.read(10).samples) != 64:
        pass
    enough = capture.stats()["captured"] + capture.sample_rate
    while capture.stats()["captured"] < enough:
        time.sleep(0.02)
    capture.read(10)
    print(json.dumps(capture.stats()))
"""


def test_a_ring_holds_its_seconds_when_pipewire_takes_a_shorter_quantum(
    pipewire_jack_server: AudioServer,
) -> None:
    command = [sys.executable, "-c", _SHORTER_QUANTUM, pipewire_jack_server.device]
    done = subprocess.run(
        command, env=pipewire_jack_server.env, stdout=subprocess.PIPE, timeout=60, check=True
    )
    books: dict[str, Any] = json.loads(done.stdout)
    assert books["captured"] > books["delivered"] > 0
    assert books["lost"] == 0


def test_what_is_played_to_jack_arrives_whole_and_in_its_place(
    patient_jack_server: AudioServer, played: Path, tmp_path: Path
) -> None:
    result = hear(patient_jack_server, played, tmp_path / "heard.npy", 44_100)
    assert result["rate"] == 48_000, "JACK has one rate, whatever is asked for"


def test_the_default_device_needs_no_name(pulse_server: AudioServer, tmp_path: Path) -> None:
    result = finished(capturing(pulse_server, tmp_path / "heard.npy", "", seconds=3))
    assert result["captured"] == result["delivered"] > 0
    assert result["name"] == "default (ALSA)"


def test_an_unknown_device_is_named_with_those_there_are(
    jack_server: AudioServer, tmp_path: Path
) -> None:
    result = finished(capturing(jack_server, tmp_path / "heard.npy", "no such microphone"))
    assert result["error"] == "InputError"
    assert "'no such microphone'" in result["message"]
    assert "'loopback'" in result["message"]
    assert "\n" not in result["message"]


@pytest.mark.parametrize("which", ["pulse_server", "jack_server"])
def test_a_server_that_dies_is_told_of_and_nothing_hangs(
    which: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server: AudioServer = request.getfixturevalue(which)
    process = capturing(server, tmp_path / "heard.npy", server.device, seconds=60)
    listen(process)
    server.die()
    result = finished(process)
    assert result["name"] in result["trouble"]
    assert "has gone" in result["trouble"] or "no audio" in result["trouble"]
    assert result["captured"] == result["delivered"] > 0
    assert result["ending"] < 20
