"""The times of callbacks while two Python threads spin; prints JSON.

Run as ``python -m benches.probes.callback_gaps SIDE DEVICE SECONDS FRAMES``. Prints the ``figures``
of ``tests.real.capture_beside_spinning``, and ``times``, seconds of ``time.monotonic()``. For what
runs on PortAudio the time is taken by a native function around the callback (``rust/probes``), the
same for a callback in C as for one in Python; VoiceStand, which is called by JACK itself, says when
it was called with every block.
"""

from __future__ import annotations

import ctypes
import json
import sys
import threading
from typing import Any

from benches.probes.native import library
from tests.real import capture_beside_spinning as spinning

MOST = 1_000_000
"""Calls."""


class _CallbackTimes(ctypes.Structure):
    _fields_ = [
        ("callback", ctypes.c_void_p),
        ("user", ctypes.c_void_p),
        ("times", ctypes.POINTER(ctypes.c_uint64)),
        ("capacity", ctypes.c_uint64),
        ("calls", ctypes.c_uint64),
    ]


class _Noting:
    """PortAudio's library, whose streams are opened with our function around their callback."""

    def __init__(self, portaudio: Any) -> None:
        self._portaudio = portaudio
        self._library = portaudio._lib
        self._times = (ctypes.c_uint64 * MOST)()
        self._noted = _CallbackTimes(times=self._times, capacity=MOST, calls=0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)

    def Pa_OpenStream(self, *arguments: Any) -> Any:
        ffi = self._portaudio._ffi
        *others, callback, user = arguments
        self._noted.callback = int(ffi.cast("uintptr_t", callback))
        self._noted.user = int(ffi.cast("uintptr_t", ffi.cast("void*", user)))
        around = ctypes.cast(library().voicestand_note_callback, ctypes.c_void_p).value
        return self._library.Pa_OpenStream(
            *others,
            ffi.cast("PaStreamCallback*", around),
            ffi.cast("void*", ctypes.addressof(self._noted)),
        )

    def times(self) -> list[float]:
        return [1e-9 * nanoseconds for nanoseconds in self._times[: self._noted.calls]]


class _Native(spinning.Native):
    """VoiceStand, with the time of every callback; ``None`` where the reader missed some."""

    def __init__(self, device: str, block_frames: int) -> None:
        super().__init__(device, block_frames)
        self._blocks = self.source.engine.capture_reader()
        self._noted: list[float | None] = []
        self._noting = threading.Thread(target=self._note)
        self._noting.start()

    def _note(self) -> None:
        while (block := self._blocks.read()) is not None:
            if block.lost:
                self._noted.append(None)
            self._noted.append(block.published_time)

    def times(self) -> list[float | None]:
        self._noting.join()
        return self._noted


def measure(name: str, *arguments: Any) -> tuple[spinning.Figures, list[float | None]]:
    """What the side tells, and when it was called."""
    if name == "voicestand":
        made: list[_Native] = []

        def native(device: str, block_frames: int) -> _Native:
            made.append(_Native(device, block_frames))
            return made[0]

        spinning.SIDES[name] = native
        figures = spinning.measure(name, *arguments)
        return figures, made[0].times()
    from voicestand.audio.devices import load_portaudio

    portaudio: Any = load_portaudio(jack=True)
    portaudio._lib = noting = _Noting(portaudio)
    figures = spinning.measure(name, *arguments)
    return figures, [*noting.times()]


def main() -> None:
    name, device, seconds, frames = sys.argv[1:]
    figures, times = measure(name, device, float(seconds), int(frames))
    began, ended = figures["began"], figures["ended"]
    inside = [time for time in times if time is None or began < time < ended]
    print(json.dumps({"figures": figures, "times": inside}))


if __name__ == "__main__":
    main()
