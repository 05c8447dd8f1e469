"""From the ADC stamp of a frame to its reader, in a process of its own; prints JSON.

Run as ``python -m voicestand.bench.capture_delay DEVICE SECONDS`` with an audio server in the
environment. The frame is the oldest of the reader's window, so the window's own length, the block,
the conditioning and the delay of the resampler's filter are all in it.
"""

from __future__ import annotations

import json
import sys
import time

from voicestand.audio.device import DeviceSource
from voicestand.config import AudioSettings

PERIOD = 128
WINDOW = 16
"""Frames at 16 kHz: 1 ms."""
WARM_UP = 0.5
"""Seconds in which the server and we settle."""


def delays(device: str, seconds: float) -> list[float]:
    """Milliseconds of every window that came within ``seconds``."""
    source = DeviceSource(device, AudioSettings(block_frames=PERIOD))
    reader = source.engine.speech_reader(WINDOW)
    source.start()
    found = []
    began = time.monotonic()
    while (now := time.monotonic()) < began + WARM_UP + seconds:
        window = reader.read(5.0)
        if window is None:
            break
        if now > began + WARM_UP:
            behind = time.monotonic() - window.end_adc_time
            found.append(1e3 * (behind + WINDOW / 16_000))
    source.stop()
    source.close()
    return found


if __name__ == "__main__":
    json.dump(delays(sys.argv[1], float(sys.argv[2])), sys.stdout)
