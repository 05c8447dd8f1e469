"""What a playback and a capture promise an embedder, on real audio servers."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.real.conftest import running_jack
from tests.real.stalls import watched

if TYPE_CHECKING:
    from tests.real.conftest import AudioServer

pytestmark = pytest.mark.real

ATTEMPTS = 4

# Plays noise that resembles itself in one place only, and captures it in the same process.
_PLAY_AND_CAPTURE = """
import json, sys, threading, time
import numpy as np
import voicestand as vs

source, sink = sys.argv[1:3]
rate, seconds = 48_000, 2
spectrum = np.zeros(seconds * rate // 2 + 1, np.complex128)
phases = np.random.default_rng(1).uniform(0, 2 * np.pi, seconds * 2_900)
spectrum[seconds * 100 : seconds * 3_000] = np.exp(1j * phases)
noise = np.fft.irfft(spectrum, seconds * rate)
noise = (noise * (0.1 / np.std(noise))).astype(np.float32)

blocks, faults, clock = [], [], 0

def listen(capture):
    global clock
    for block in capture:
        if block.first_frame != clock + block.lost + block.missing:
            faults.append("the frame indices have a hole")
        if block.samples.shape[1] != capture.channels or block.samples.dtype != np.float32:
            faults.append("a block of another shape")
        if not 0 <= time.monotonic() - block.adc_time < 5:
            faults.append(f"an ADC time {time.monotonic() - block.adc_time} s ago")
        clock = block.first_frame + len(block.samples)
        blocks.append((block.adc_time, block.samples[:, 0]))

with vs.Capture(source, rate, channels=2) as capture:
    listener = threading.Thread(target=listen, args=(capture,))
    listener.start()
    while len(blocks) < 20:
        time.sleep(0.01)
    with vs.Playback(sink, rate) as playback:
        began = time.monotonic()
        accepted = sum(playback.write(part[:, None]) for part in np.array_split(noise, 7))
        drained = playback.drain(10)
        ended = time.monotonic()
        books = playback.stats()
    # What was played has come back once what is captured is half a second younger than its end.
    while blocks[-1][0] < ended + 0.5:
        time.sleep(0.01)
listener.join()
heard = np.concatenate([samples for _, samples in blocks])
size = len(heard) + len(noise)

def places(piece):
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(piece, size))
    match = np.fft.irfft(product, size)[: len(heard) - len(piece) + 1]
    place = int(match.argmax())
    there = heard[place : place + len(piece)]
    return place, float(match[place] / (np.linalg.norm(there) * np.linalg.norm(piece)))

pieces = np.array_split(noise, 8)
starts = np.cumsum([0] + [len(piece) for piece in pieces[:-1]])
found = [places(piece) for piece in pieces]
moved = [place - start - found[0][0] for (place, _), start in zip(found, starts)]
try:
    playback.write(noise[:, None])
except ValueError as error:
    closed = str(error)
print(json.dumps({
    "accepted": accepted, "frames": len(noise), "drained": drained, "seconds": ended - began,
    "books": books, "moved": [int(n) for n in moved], "alike": min(a for _, a in found),
    "level": float(np.std(heard[found[0][0] :][: len(noise)])), "faults": faults,
    "capture": capture.stats(), "closed": closed,
}))
"""


def run(server: AudioServer, script: str, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=server.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def check_loop(server: AudioServer, source: str, sink: str) -> None:
    """What is played is captured, whole, unless the machine stalls in it."""
    for _ in range(ATTEMPTS):
        with watched() as stalls:
            result = run(server, _PLAY_AND_CAPTURE, source, sink)
        assert result["faults"] == []
        assert result["accepted"] == result["frames"] == result["books"]["played"]
        assert result["drained"]
        assert result["seconds"] > 2 - 0.2, "drain waits until what was written has been played"
        assert result["closed"] == "the playback is closed"
        capture = result["capture"]
        assert capture["captured"] == capture["delivered"] + capture["lost"] > 2 * 48_000
        assert (capture["lost"], capture["rejected"]) == (0, 0)
        whole = max(map(abs, result["moved"])) <= 1 and result["alike"] > 0.75
        whole &= capture["missing"] == 0
        if whole and 0.09 < result["level"] < 0.11:
            assert result["books"]["underruns"] == 0
            return
        assert stalls.count, f"what was captured is not what was played: {result}"
    pytest.fail(f"holes in {ATTEMPTS} attempts, but {stalls}")


def test_what_is_played_to_a_sound_server_is_captured_from_it(sound_server: AudioServer) -> None:
    check_loop(sound_server, "default", "default")


def test_what_is_played_to_jack_is_captured_from_it() -> None:
    # Periods of 21 ms, which a busy machine can keep.
    with running_jack(1_024) as server:
        check_loop(server, "loopback", "loopback")


_MISUSE = """
import json, sys, time
import numpy as np
import voicestand as vs

def said(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except Exception as error:
        return f"{type(error).__name__}: {error}"

sink = sys.argv[1]
answers = {
    "name": said(vs.Playback, "no such speaker"),
    "rate": said(vs.Playback, sink, 7),
    "capture": said(vs.Capture, sink, channels=0),
}
with vs.Playback(sink, 48_000, 2, buffer_seconds=0.1) as playback:
    answers["dtype"] = said(playback.write, np.zeros((4, 2)))
    answers["list"] = said(playback.write, [[0.0, 0.0]])
    answers["shape"] = said(playback.write, np.zeros((4, 3), np.float32))
    answers["timeout"] = said(playback.drain, float("nan"))
    answers["at once"] = playback.write(np.zeros((48_000, 2), np.float32), wait=False)
    answers["strided"] = playback.write(np.zeros((64, 4), np.float32)[::2, ::2])
    playback.drain()
    before = playback.underruns
    playback.write(np.full((64, 2), 0.1, np.float32))
    time.sleep(0.5)
    answers["underruns"] = playback.underruns - before
    answers["starved"] = playback.stats()["starved"]
playback.close()
print(json.dumps(answers))
"""


def test_misuse_is_answered_by_an_exception_and_a_late_writer_is_counted(
    pulse_server: AudioServer,
) -> None:
    answers = run(pulse_server, _MISUSE, "default")
    assert "InputError: there is no output device 'no such speaker'" in answers["name"]
    assert answers["rate"].startswith("ValueError: ")
    assert answers["capture"] == "ValueError: channels 0: 1 to 32 is wanted"
    assert answers["dtype"] == "TypeError: samples of float64: a float32 array is wanted"
    assert answers["list"] == "TypeError: samples of list: a float32 array is wanted"
    assert answers["shape"].startswith("ValueError: samples of shape (4, 3)")
    assert answers["timeout"].startswith("ValueError: ")
    assert 0 < answers["at once"] < 48_000
    assert answers["strided"] == 32
    assert answers["underruns"] == 1
    assert answers["starved"] > 0


_GONE = """
import sys, time
import numpy as np
import voicestand as vs

with vs.Playback(sys.argv[1], buffer_seconds=0.2) as playback:
    silence = np.zeros((4_800, 1), np.float32)
    playback.write(silence)
    print("playing", flush=True)
    try:
        while True:
            playback.write(silence)
    except vs.VoicestandError as error:
        print(type(error).__name__, error, flush=True)
        playback.close()
"""


@pytest.mark.parametrize("which", ["pulse_server", "pipewire_server", "jack_server"])
def test_a_writer_is_told_of_a_device_that_goes_away(
    which: str, request: pytest.FixtureRequest
) -> None:
    server: AudioServer = request.getfixturevalue(which)
    with subprocess.Popen(
        [sys.executable, "-c", _GONE, server.device],
        env=server.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as player:
        try:
            assert player.stdout is not None
            assert player.stdout.readline() == "playing\n"
            server.die()
            said, _ = player.communicate(timeout=20)
        finally:
            player.kill()
    assert said.startswith("DeviceError ")
    assert "has gone" in said
    assert player.returncode == 0
