"""A level meter of one line, with the peak held and falling as on a mixing desk."""

from __future__ import annotations

import math

from rich.text import Text

FLOOR_DB = -60.0
HOLD_SECONDS = 1.5
FALL_DB_PER_SECOND = 20.0
"""As fast as a peak programme meter of IEC 60268-10 type I falls."""

_WARM_DB = -12.0
_HOT_DB = -3.0


def decibels(amplitude: float) -> float:
    """dB re full scale; ``FLOOR_DB`` for silence."""
    return max(FLOOR_DB, 20 * math.log10(amplitude)) if amplitude > 0 else FLOOR_DB


class LevelBar:
    """The meter of one channel."""

    def __init__(self) -> None:
        self._held = FLOOR_DB
        self._held_at = 0.0

    def held(self, peak: float, now: float) -> float:
        """The peak to show at ``now`` (seconds), in dB; ``peak``: what was read, 1 = full scale."""
        fallen = self._held - FALL_DB_PER_SECOND * max(0.0, now - self._held_at - HOLD_SECONDS)
        level = decibels(peak)
        if level >= fallen:
            self._held, self._held_at = level, now
            return level
        return max(FLOOR_DB, fallen)

    def render(self, rms: float, peak: float, now: float, width: int = 24) -> Text:
        """The bar: RMS filled, the held peak as a mark, its value in dB."""
        level = decibels(rms)
        held = self.held(peak, now)
        bar = Text()
        mark = _cell(held, width)
        for cell in range(width):
            db = FLOOR_DB * (1 - (cell + 0.5) / width)
            style = "red" if db > _HOT_DB else "yellow" if db > _WARM_DB else "green"
            if cell == mark and held > FLOOR_DB:
                bar.append("┃", style=f"bold {style}")
            elif db <= level:
                bar.append("█", style=style)
            else:
                bar.append("░", style="bright_black")
        bar.append(f" {held:4.0f} dB" if held > FLOOR_DB else "   -∞ dB", style="dim")
        return bar


def _cell(db: float, width: int) -> int:
    return min(width - 1, max(0, int(width * (1 - db / FLOOR_DB))))
