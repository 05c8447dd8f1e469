"""One process that captures from a device while two of its Python threads spin; prints JSON.

Run as ``python -m tests.real.capture_beside_spinning SIDE DEVICE SECONDS FRAMES``, the last being
the frames of a callback, where they can be chosen. What a side received is compared with the frames
that went by on the JACK server's own clock, which a client of its own reads: the same measure for
every side, whatever the side says of itself.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.real.conftest import AudioServer

RATE = 48_000
SPINNING = 2

Figures = dict[str, float]

_NO_START_SERVER = 1


class JackClock:
    """The frame counter of the JACK server, by an idle client."""

    def __init__(self) -> None:
        self._libjack = ctypes.CDLL("libjack.so.0")
        self._libjack.jack_client_open.restype = ctypes.c_void_p
        self._libjack.jack_frame_time.restype = ctypes.c_uint32
        self._libjack.jack_frame_time.argtypes = [ctypes.c_void_p]
        self._libjack.jack_client_close.argtypes = [ctypes.c_void_p]
        self._client = self._libjack.jack_client_open(b"clock", _NO_START_SERVER, None)
        if not self._client:
            raise SystemExit("no JACK server answers")

    def frames(self) -> int:
        """Estimated frames since the server began; wraps after a day."""
        return int(self._libjack.jack_frame_time(self._client))

    def close(self) -> None:
        self._libjack.jack_client_close(self._client)


class Native:
    """VoiceStand: the callback is native, a Python thread reads the speech."""

    def __init__(self, device: str, block_frames: int) -> None:
        from voicestand.audio.device import DeviceSource
        from voicestand.config import AudioSettings

        self.source = DeviceSource(device, AudioSettings(block_frames=block_frames))
        self.reader = self.source.engine.speech_reader(512)
        self.listener = threading.Thread(target=self._listen)

    def _listen(self) -> None:
        while self.reader.read() is not None:
            pass

    def start(self) -> None:
        self.listener.start()
        self.source.start()

    def received(self) -> int:
        return self.source.engine.stats()["captured"]

    def end(self) -> Figures:
        self.source.stop()
        self.listener.join()
        stats = self.source.engine.stats()
        figures = {
            "callbacks": stats["blocks"],
            "xruns": stats["overflows"],
            "largest_gap_ms": 1e3 * stats["longest_gap"],
            "captured": stats["captured"],
            "delivered": self.reader.delivered,
            "lost": self.reader.lost + stats["lost_before_dsp"],
        }
        self.source.close()
        return figures


class Python:
    """sounddevice as its documentation shows it: a Python callback that counts what it is given."""

    def __init__(self, device: str, block_frames: int) -> None:
        from voicestand.audio.devices import find_input, load_portaudio

        found = find_input(device)
        self.frames = self.callbacks = self.xruns = 0
        self.last: float | None = None
        self.largest_gap = 0.0
        self.stream: Any = load_portaudio(jack=True).InputStream(
            samplerate=RATE,
            blocksize=block_frames,
            device=found.index,
            channels=min(2, found.max_input_channels),
            dtype="float32",
            latency="low",
            callback=self._callback,
        )

    def _callback(self, data: Any, frames: int, _time: Any, status: Any) -> None:
        now = time.monotonic()
        if self.last is not None:
            self.largest_gap = max(self.largest_gap, now - self.last)
        self.last = now
        self.frames += frames
        self.callbacks += 1
        self.xruns += bool(status.input_overflow)

    def start(self) -> None:
        self.stream.start()

    def received(self) -> int:
        return self.frames

    def end(self) -> Figures:
        self.stream.stop()
        self.stream.close()
        return {
            "callbacks": self.callbacks,
            "xruns": self.xruns,
            "largest_gap_ms": 1e3 * self.largest_gap,
        }


class RtMixer:
    """rtmixer: a callback in C that writes to a ring, which is large, since nobody reads it."""

    def __init__(self, device: str, block_frames: int) -> None:
        import rtmixer

        from voicestand.audio.devices import find_input

        self.stream: Any = rtmixer.Recorder(
            device=find_input(device).index,
            channels=1,
            blocksize=block_frames,
            samplerate=RATE,
            latency="low",
        )
        self.ring = rtmixer.RingBuffer(4, 2**23)
        self.action = self.stream.record_ringbuffer(self.ring)

    def start(self) -> None:
        self.stream.start()

    def received(self) -> int:
        return int(self.ring.read_available)

    def end(self) -> Figures:
        self.stream.stop()
        overflows = int(self.stream.stats.input_overflows)
        self.stream.close()
        return {"xruns": overflows}


Side = Native | Python | RtMixer
SIDES: dict[str, Callable[[str, int], Side]] = {
    "voicestand": Native,
    "sounddevice": Python,
    "rtmixer": RtMixer,
}


def _lag(side: Side, clock: JackClock) -> int:
    """Frames that went by on the server's clock and were not received, up to a constant.

    The least of many looks: one just behind a callback. The time is asked for second, and the GIL
    released for it, so that no other thread comes between the two.
    """
    looks: list[int] = []
    for _ in range(100):
        received = side.received()
        looks.append(clock.frames() - received)
        time.sleep(0.001)
    return min(looks)


def measure(name: str, device: str, seconds: float, block_frames: int) -> Figures:
    """Captures for ``seconds`` seconds; frames and milliseconds.

    ``began`` and ``ended``: when the spinning did, by ``time.monotonic()``.
    """
    side, clock = SIDES[name](device, block_frames), JackClock()
    side.start()
    deadline = time.monotonic() + 30
    while side.received() < RATE // 2:  # until the server has settled
        if time.monotonic() > deadline:
            raise SystemExit(f"{device} gives no audio")
        time.sleep(0.05)
    over = threading.Event()

    def spin() -> None:
        while not over.is_set():
            pass

    lag, before = _lag(side, clock), side.received()
    spinning = [threading.Thread(target=spin) for _ in range(SPINNING)]
    for thread in spinning:
        thread.start()
    began = time.monotonic()
    time.sleep(seconds)
    ended = time.monotonic()
    missing, frames = _lag(side, clock) - lag, side.received() - before
    over.set()
    for thread in spinning:
        thread.join()
    figures = side.end()
    clock.close()
    return figures | {"frames": frames, "missing": missing, "began": began, "ended": ended}


def capture(name: str, server: AudioServer, seconds: float, block_frames: int = 512) -> Figures:
    """What a side receives from the server's silent input, in a process of its own."""
    figures: Figures = in_a_process(__name__, name, server, seconds, block_frames)
    return figures


def in_a_process(
    module: str, name: str, server: AudioServer, seconds: float, block_frames: int
) -> Any:
    """What ``module`` prints about a side, JSON."""
    done = subprocess.run(
        [sys.executable, "-m", module, name, "system", str(seconds), str(block_frames)],
        cwd=Path(__file__).parents[2],
        env=server.env,
        capture_output=True,
        text=True,
        timeout=seconds + 90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def shown(name: str, figures: Figures) -> str:
    """One line of a table."""
    gap = figures.get("largest_gap_ms")
    return (
        f"  {name:<12} frames missing {figures['missing']:8,.0f} of {figures['frames']:,.0f}, "
        f"xruns {figures['xruns']:,.0f}, largest gap "
        + ("not told" if gap is None else f"{gap:.1f} ms")
    )


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))))
