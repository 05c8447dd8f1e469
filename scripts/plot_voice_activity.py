"""Draws docs/endpointing.svg: precision over recall on labelled recordings, beside the peers.

Run from the root of the project, with the packages ``webrtcvad-wheels`` and ``ten-vad`` installed,
which are measured and not shipped (TEN's library needs ``libc++1``):
``python -m scripts.plot_voice_activity FOLDER``, with a folder as ``measure_voice_activity`` takes
it. A curve is one detector from its lowest threshold to its highest, a dot its usual one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import ten_vad
import webrtcvad
from numpy.typing import NDArray
from scripts.measure_voice_activity import (
    SHIPPED,
    Counts,
    Frames,
    Recording,
    Spans,
    counts,
    in_file,
    live_segments,
    read,
    total,
)

from voicestand.config import VadSettings
from voicestand.vad.silero import SileroVad
from voicestand.vad.windows import HOP, SAMPLE_RATE

TARGET = Path("docs/endpointing.svg")
THRESHOLDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
TEN_HOP = 256
WEBRTC_HOP = 160


class Curve(NamedTuple):
    """One detector: its counts at every threshold, and at the usual one."""

    name: str
    color: str
    points: list[Counts]
    usual: Counts


def curve(
    name: str,
    color: str,
    find: Callable[[Recording, float], Counts],
    recordings: list[Recording],
    thresholds: Sequence[float] = THRESHOLDS,
    usual: float = 0.5,
) -> Curve:
    """Over all recordings together."""
    points = {
        threshold: total([find(one, threshold) for one in recordings]) for threshold in thresholds
    }
    return Curve(name, color, list(points.values()), points[usual])


def settings(onset: float) -> VadSettings:
    """As shipped, but for the threshold of speech, and that of silence in proportion."""
    share = SHIPPED.release / SHIPPED.onset
    return VadSettings(onset=onset, release=max(0.01, onset * share))


def spans_of(speech: Frames, hop: int) -> Spans:
    """Of successive windows, those that hold speech."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], speech, [False]])))
    seconds = (edges * hop / SAMPLE_RATE).reshape(-1, 2)
    return [(float(start), float(end)) for start, end in seconds]


def pcm(recording: Recording, hop: int) -> NDArray[np.int16]:
    """Whole windows of 16-bit samples: int16[n, hop]."""
    count = len(recording.samples) // hop * hop
    scaled = np.clip(recording.samples[:count] * 32768, -32768, 32767)
    return scaled.astype(np.int16).reshape(-1, hop)


def ten_probabilities(recording: Recording) -> NDArray[np.float32]:
    """One for each window of 16 ms."""
    detector = ten_vad.TenVad(TEN_HOP, 0.5)
    return np.array([detector.process(window)[0] for window in pcm(recording, TEN_HOP)], np.float32)


def webrtc(recording: Recording, mode: float) -> Counts:
    """Windows of 10 ms, at one of its four modes."""
    detector = webrtcvad.Vad(int(mode))
    windows = pcm(recording, WEBRTC_HOP)
    speech = np.array([detector.is_speech(one.tobytes(), SAMPLE_RATE) for one in windows])
    return counts(recording, spans_of(speech, WEBRTC_HOP))


def curves(recordings: list[Recording]) -> list[Curve]:
    """Ours first."""
    vad = SileroVad("CPU")
    silero = {one.name: vad.probabilities(one.samples) for one in recordings}
    ten = {one.name: ten_probabilities(one) for one in recordings}

    def windows(found: dict[str, NDArray[np.float32]], hop: int) -> Callable[..., Counts]:
        return lambda one, threshold: counts(one, spans_of(found[one.name] >= threshold, hop))

    def ours(find: Callable[..., Spans]) -> Callable[..., Counts]:
        return lambda one, threshold: counts(one, find(vad, one, settings(threshold)))

    return [
        curve("VoiceStand, files", "#c0392b", ours(in_file), recordings),
        curve("VoiceStand, live", "#e67e22", ours(live_segments), recordings),
        curve("Silero", "#2471a3", windows(silero, HOP), recordings),
        curve("TEN", "#7d8a2e", windows(ten, TEN_HOP), recordings),
        curve("WebRTC, modes 0 to 3", "#6c3483", webrtc, recordings, range(4), 2),
    ]


def picture(drawn: list[Curve]) -> str:
    """The diagram as SVG."""
    left, top, width, height, low = 60, 30, 420, 300, 0.7

    def x(recall: float) -> float:
        return left + width * (recall - low) / (1 - low)

    def y(precision: float) -> float:
        return top + height * (1 - precision) / (1 - low)

    parts = []
    for value in np.linspace(low, 1, 7):
        parts.append(
            f'<line x1="{left}" x2="{left + width}" y1="{y(value):.1f}" y2="{y(value):.1f}"'
            f' stroke="#ddd"/><text x="{left - 6}" y="{y(value) + 4:.1f}" text-anchor="end">'
            f'{value:.2f}</text><text x="{x(value):.1f}" y="{top + height + 18}"'
            f' text-anchor="middle">{value:.2f}</text>'
        )
    for number, one in enumerate(drawn):
        inside = [each for each in one.points if min(each.recall, each.precision) >= low]
        points = " ".join(f"{x(each.recall):.1f},{y(each.precision):.1f}" for each in inside)
        row = top + 20 + 22 * number
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{one.color}" stroke-width="1.5"/>'
            f'<circle cx="{x(one.usual.recall):.1f}" cy="{y(one.usual.precision):.1f}" r="4"'
            f' fill="{one.color}"/><text x="{left + width + 20}" y="{row}" fill="{one.color}">'
            f"{one.name}: F1 {one.usual.f1:.3f}</text>"
        )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 380" font-family="sans-serif" '
        'font-size="11"><rect width="700" height="380" fill="white"/>\n'
        f'<text x="{left}" y="18" font-weight="bold">Precision over recall, frames of 10 ms</text>'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def main() -> None:
    """Measures, prints and draws."""
    recordings = [read(path) for path in sorted(Path(sys.argv[1]).glob("*.wav"))]
    drawn = curves(recordings)
    for one in drawn:
        best = max(point.f1 for point in one.points)
        print(
            f"{one.name:22} F1 {one.usual.f1:.4f}, precision {one.usual.precision:.4f}, recall "
            f"{one.usual.recall:.4f}; at its best threshold {best:.4f}"
        )
    TARGET.write_text(picture(drawn))


if __name__ == "__main__":
    main()
