"""Draws docs/resampler.svg: what the resampler passes and what it folds, beside its peers.

Run from the root of the project, with the dependency group ``bench`` installed:
``python scripts/plot_resampler.py``. Every point is a tone of full scale at 48 kHz, resampled to
16 kHz by each of them, and measured in the steady middle of what comes out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import samplerate
import soxr
from numpy.typing import NDArray

from voicestand.dsp import Resampler, resample

INPUT, OUTPUT = 48_000, 16_000
TARGET = Path("docs/resampler.svg")
Samples = NDArray[np.float32]

SIDES: dict[str, tuple[str, Callable[[Samples], Samples]]] = {
    "VoiceStand": ("#c0392b", lambda audio: resample(audio, INPUT, OUTPUT)),
    "soxr HQ": ("#2471a3", lambda audio: soxr.resample(audio, INPUT, OUTPUT, "HQ")),
    "soxr VHQ": ("#85c1e9", lambda audio: soxr.resample(audio, INPUT, OUTPUT, "VHQ")),
    "libsamplerate best": (
        "#7d8a2e",
        lambda audio: samplerate.resample(audio, OUTPUT / INPUT, "sinc_best"),
    ),
}


def level(work: Callable[[Samples], Samples], frequency: float) -> float:
    """Of a full-scale tone at ``frequency`` Hz after ``work``, dB."""
    time = np.arange(INPUT) / INPUT
    found = work(np.sin(2 * np.pi * frequency * time).astype(np.float32))
    middle = found[len(found) // 4 : len(found) * 3 // 4].astype(float)
    power = float(np.mean(middle**2))
    return 10.0 * math.log10(2 * power + 1e-20)


def delay(stream: Callable[[Samples], int]) -> float:
    """Milliseconds of input that must have come before as much is out as 10 ms stand for."""
    given = out = 0
    while out < OUTPUT // 100:
        out += stream(np.zeros(48, np.float32))
        given += 48
    return float(1000 * given / INPUT - 10)


def delays() -> dict[str, float]:
    """Of each side, fed a millisecond at a time."""
    ours = Resampler(INPUT, OUTPUT)
    found = {"VoiceStand": delay(lambda block: len(ours.process(block)))}
    for quality in ("HQ", "VHQ"):
        stream = soxr.ResampleStream(INPUT, OUTPUT, 1, dtype="float32", quality=quality)
        found[f"soxr {quality}"] = delay(partial(_length, stream.resample_chunk))
    best = samplerate.Resampler("sinc_best", channels=1)
    found["libsamplerate best"] = delay(lambda block: len(best.process(block, OUTPUT / INPUT)))
    return found


def _length(work: Callable[[Samples], Samples], block: Samples) -> int:
    return len(work(block))


def panel(
    title: str, left: int, frequencies: NDArray[np.float64], low: float, high: float, unit: float
) -> str:
    """One diagram of level against frequency, from ``low`` to ``high`` dB."""
    width, height, top = 380, 220, 46

    def x(frequency: float) -> float:
        return float(left + width * (frequency - frequencies[0]) / np.ptp(frequencies))

    def y(decibels: float) -> float:
        return top + height * (high - min(max(decibels, low), high)) / (high - low)

    parts = [f'<text x="{left}" y="{top - 12}" font-weight="bold">{title}</text>']
    for decibels in np.arange(high, low - unit / 2, -unit):
        parts.append(
            f'<line x1="{left}" x2="{left + width}" y1="{y(decibels):.1f}" y2="{y(decibels):.1f}"'
            f' stroke="#ddd"/><text x="{left - 6}" y="{y(decibels) + 4:.1f}" text-anchor="end">'
            f"{decibels:.4g}</text>"
        )
    for frequency in np.linspace(frequencies[0], frequencies[-1], 5):
        parts.append(
            f'<text x="{x(frequency):.1f}" y="{top + height + 18}" text-anchor="middle">'
            f"{frequency / 1e3:.4g}</text>"
        )
    for color, work in SIDES.values():
        points = " ".join(f"{x(f):.1f},{y(level(work, f)):.1f}" for f in frequencies)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{color}"/>')
    return "\n".join(parts)


def main() -> None:
    """Measures and draws."""
    passed = np.concatenate([np.linspace(100, 6_800, 40), np.linspace(6_850, 7_400, 45)])
    folded = np.concatenate([np.linspace(7_000, 9_000, 81), np.linspace(9_100, 23_500, 60)])
    rows = []
    for number, (side, milliseconds) in enumerate(delays().items()):
        color = SIDES[side][0]
        rows.append(
            f'<text x="{60 + 215 * number}" y="312" fill="{color}">{side}: '
            f"{milliseconds:.0f} ms delay</text>"
        )
    TARGET.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 330" font-family="sans-serif" '
        'font-size="11"><rect width="900" height="330" fill="white"/>\n'
        + panel("Pass band, dB over kHz", 60, passed, -0.2, 0.05, 0.05)
        + panel("Tones that must go, dB over kHz", 500, folded, -160, 0, 20)
        + "\n".join(rows)
        + "\n</svg>\n"
    )


if __name__ == "__main__":
    main()
