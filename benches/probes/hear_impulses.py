"""Captures impulses from ``loopback`` for some seconds; prints what was heard of each, JSON.

Run as ``python -m benches.probes.hear_impulses SIDE SECONDS``. Of each impulse: its number modulo
64 (``null`` where it cannot be told), the time at which its frame was converted as the side states
it, and when the reader had it; all on ``time.monotonic()``.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
PERIOD = 128
WARM_UP = 1.0
"""Seconds in which the server and the side settle."""
LOUD = 0.4
SPEECH_WINDOW = 16
SPEECH_RATE = 16_000
SPEECH_SETTLES = 8.0
"""Seconds in which the clock of the speech learns that of the device."""

Heard = tuple[int | None, float, float]
"""Number modulo 64, ADC time as stated, time at which it was had."""


def _impulses(samples: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Place and number modulo 64 of each impulse."""
    places = np.flatnonzero(samples > LOUD)
    return [(int(place), round(float(samples[place]) * 128) - 64) for place in places]


def voicestand(seconds: float) -> dict[str, list[Heard]]:
    """``vs.Capture``: the thread that waits, before it takes the GIL, and Python's reader."""
    return dict(zip(("native", "python"), _captured(seconds), strict=True))


def promoted(seconds: float) -> dict[str, list[Heard]]:
    """The same in a real-time thread, as sounddevice's callback is called in one by JACK."""
    from voicestand import cpu

    cpu.promote()
    return dict(zip(("native promoted", "python promoted"), _captured(seconds), strict=True))


def _captured(seconds: float) -> tuple[list[Heard], list[Heard]]:
    import voicestand as vs

    native: list[Heard] = []
    python: list[Heard] = []
    with vs.Capture("loopback", channels=1) as capture:
        began = time.monotonic()
        for block in capture:
            now = time.monotonic()
            if now > began + WARM_UP + seconds:
                break
            if now > began + WARM_UP:
                for place, number in _impulses(block.samples[:, 0]):
                    stated = block.adc_time + place / RATE
                    native.append((number, stated, block.read_time))
                    python.append((number, stated, now))
    return native, python


def speech(seconds: float) -> dict[str, list[Heard]]:
    """The 16 kHz speech of an engine: conditioned, resampled, on the machine's clock."""
    from voicestand.audio.device import DeviceSource
    from voicestand.config import AudioSettings

    source = DeviceSource("loopback", AudioSettings(high_pass_hz=0), channels=1)
    reader = source.engine.speech_reader(SPEECH_WINDOW)
    source.start()
    windows, ends, had = [], [], []
    began = time.monotonic()
    while time.monotonic() < began + SPEECH_SETTLES + seconds:
        window = reader.read(5.0)
        if window is None:
            break
        if time.monotonic() > began + SPEECH_SETTLES:
            had.append(time.monotonic())
            windows.append(window.samples[0].copy())
            ends.append(window.end_adc_time)
    source.close()
    samples = np.concatenate(windows)
    heard: list[Heard] = []
    # Its peak is a third as high as the impulse, whose other two thirds the filter takes away.
    for place in range(1, len(samples) - 1):
        before, top, after = (float(sample) for sample in samples[place - 1 : place + 2])
        if top > LOUD / 4 and before < top >= after:
            peak = place + (after - before) / (2 * (2 * top - before - after))
            number = place // SPEECH_WINDOW
            stated = ends[number] - ((number + 1) * SPEECH_WINDOW - peak) / SPEECH_RATE
            heard.append((None, stated, had[number]))
    return {"speech": heard}


def sounddevice(seconds: float) -> dict[str, list[Heard]]:
    """sounddevice as its documentation shows it: a callback in Python."""
    from voicestand.audio.devices import load_portaudio

    portaudio = load_portaudio(jack=True)
    heard: list[Heard] = []
    began = time.monotonic()

    def callback(data: Any, _frames: int, times: Any, _status: Any) -> None:
        now = time.monotonic()
        if now > began + WARM_UP:
            age = times.currentTime - times.inputBufferAdcTime
            for place, number in _impulses(data[:, 0]):
                heard.append((number, now - age + place / RATE, now))

    device = next(d["index"] for d in portaudio.query_devices() if d["name"] == "loopback")
    with portaudio.InputStream(
        RATE, PERIOD, device, 1, dtype="float32", latency="low", callback=callback
    ):
        time.sleep(WARM_UP + seconds)
    return {"sounddevice": heard}


SIDES: dict[str, Callable[[float], dict[str, list[Heard]]]] = {
    "voicestand": voicestand,
    "promoted": promoted,
    "speech": speech,
    "sounddevice": sounddevice,
}

if __name__ == "__main__":
    print(json.dumps(SIDES[sys.argv[1]](float(sys.argv[2]))))
