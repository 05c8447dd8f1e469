"""Plots as inline SVG: how the samples of every side are distributed, and all ratios at a glance.

Colours and fonts come from the page's style sheet, so that light and dark need one drawing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from voicestand.bench.figures import quantile
from voicestand.bench.numbers import written

WIDTH = 720
LABELS = 230
LONG_LABELS = 330
"""Pixels at the left for the names of the sides."""
LETTER = 7.0
"""Pixels of an average letter."""
VALUES = 90
"""Pixels at the right for the figures."""
VALUES_AT = WIDTH - VALUES + 10
ROW = 34
LINE = 22
FOOT = 34
"""Pixels below the rows: the axis."""
NOTHING = 1e-9
"""No unit is so large that this is not drawn as zero."""
BINS = 90
FEWEST = 60
"""Fewer samples are dots, not a distribution."""


class Scale(NamedTuple):
    """Maps values to pixels, by their logarithm where they span more than a factor of eight."""

    low: float
    high: float
    left: int
    """The pixel where it begins."""
    logarithmic: bool

    @classmethod
    def over(cls, values: Sequence[float], left: int, *, logarithmic: bool | None = None) -> Scale:
        """A scale on which all of at least one value, ≥ 0, have room."""
        low, high = min(values), max(*values, NOTHING)
        by_log = NOTHING < low < high / 8 if logarithmic is None else logarithmic
        if by_log:
            margin = max((high / low) ** 0.04, 1.05)
            return cls(low / margin, high * margin, left, True)
        margin = max(0.04 * (high - low), 1e-6 * high)
        return cls(max(0.0, low - margin), high + margin, left, False)

    def x(self, value: float) -> float:
        """The pixel of a value; values outside are put at the edge."""
        inside = min(max(value, self.low), self.high)
        if self.logarithmic:
            share = math.log(inside / self.low) / math.log(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return self.left + share * (WIDTH - self.left - VALUES)

    def ticks(self) -> list[float]:
        """Three to ten round values on the scale."""
        if self.logarithmic:
            return _round_on_logarithm(self.low, self.high)
        step = 10 ** math.floor(math.log10(self.high - self.low))
        while (self.high - self.low) / step < 3:
            step /= 2
        first = math.ceil(self.low / step)
        return [number * step for number in range(first, math.floor(self.high / step) + 1)]


def _round_on_logarithm(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1,), (1, 3), (1, 2, 5)):
        ticks = [d * 10.0**decade for decade in decades for d in digits]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) >= 3:
            break
    every = math.ceil(len(inside) / 10)
    return inside[::every] if every else [low, high]


def distributions(
    sides: Mapping[str, tuple[Sequence[float], float]], unit: str, bound: float | None
) -> str:
    """One row a side: its samples' distribution, and the compared figure as a mark and a number.

    ``sides``: samples and figure by name, ours first; what lies beyond the 1st and 99th percentile
    is drawn at the edge. ``bound``: what ours promises, drawn as a line.
    """
    shown = [value for samples, mark in sides.values() for value in (*_extent(samples), mark)]
    scale = Scale.over([*shown, *([bound] if bound is not None else [])], LABELS)
    height = ROW * len(sides) + FOOT
    drawn = [_axis(scale, height, unit)]
    if bound is not None:
        drawn.append(_upright("bound", scale.x(bound), 4, height - FOOT + 4))
    for row, (name, (samples, mark)) in enumerate(sides.items()):
        base = ROW * (row + 1)
        drawn += [
            f'<g class="{"peer" if row else "ours"}">',
            _label(name, scale.left, base - 6),
            _hill(samples, scale, base) if len(samples) >= FEWEST else _dots(samples, scale, base),
            _upright("mark", scale.x(mark), base - 26, base),
            _text("value", VALUES_AT, base - 6, written(mark)),
            "</g>",
        ]
    return _svg(height, f"distributions of {', '.join(sides)}", drawn)


def ratios(rows: Sequence[tuple[str, str, float, float | None]]) -> str:
    """All ratios on one logarithmic scale around 1: (name, anchor, ratio, promised ratio).

    Ratios below 1e-4 and above 1e6 are put at the edge.
    """
    finite = [
        value for row in rows for value in row[2:] if value is not None and 1e-4 < value < 1e6
    ]
    scale = Scale.over([*finite, 0.5, 2.0], LONG_LABELS, logarithmic=True)
    height = LINE * len(rows) + FOOT
    even = scale.x(1.0)
    drawn = [_axis(scale, height, "×"), _upright("even", even, 4, height - FOOT + 4)]
    for row, (name, anchor, ratio, promised) in enumerate(rows):
        base = LINE * (row + 1)
        at = scale.x(ratio)
        missed = promised is not None and ratio < promised
        drawn += [
            f'<a href="#{escape(anchor)}"><g class="{"missed" if missed else "ours"}">',
            _label(name, scale.left, base - 5),
            _line("stem", (even, base - 9), (at, base - 9)),
            f'<circle cx="{at:.1f}" cy="{base - 9}" r="5"/>',
            _upright("bound", scale.x(promised), base - 17, base - 1) if promised else "",
            _text("value", VALUES_AT, base - 5, f"{written(ratio)} ×"),
            "</g></a>",
        ]
    return _svg(height, "ratios of every claim", drawn)


def _extent(samples: Sequence[float]) -> tuple[float, float]:
    if len(samples) < FEWEST:
        return min(samples), max(samples)
    return quantile(samples, 0.01), quantile(samples, 0.99)


def _dots(samples: Sequence[float], scale: Scale, base: int) -> str:
    return "".join(
        f'<circle cx="{scale.x(sample):.1f}" cy="{base - 9}" r="4"/>' for sample in samples
    )


def _hill(samples: Sequence[float], scale: Scale, base: int) -> str:
    """The distribution as an area."""
    left, width = scale.left, (WIDTH - scale.left - VALUES) / BINS
    counts = [0] * BINS
    for sample in samples:
        counts[min(BINS - 1, int((scale.x(sample) - left) / width))] += 1
    most = max(counts)
    # The square root keeps a long thin tail visible beside a high peak.
    points = [
        f"{left + (number + 0.5) * width:.1f},{base - 24 * math.sqrt(count / most):.1f}"
        for number, count in enumerate(counts)
    ]
    used = [number for number, count in enumerate(counts) if count]
    kept = points[max(0, used[0] - 1) : used[-1] + 2]
    first, last = kept[0].partition(",")[0], kept[-1].partition(",")[0]
    return f'<polygon points="{first},{base} {" ".join(kept)} {last},{base}"/>'


def _axis(scale: Scale, height: int, unit: str) -> str:
    bottom = height - FOOT + 4
    drawn = [_line("axis", (scale.left, bottom), (WIDTH - VALUES, bottom))]
    for tick in scale.ticks():
        drawn.append(_upright("grid", scale.x(tick), 4, bottom))
        drawn.append(_text("tick", scale.x(tick), bottom + 16, _short(tick)))
    drawn.append(_text("unit", VALUES_AT, bottom + 16, unit))
    return "".join(drawn)


def _upright(kind: str, x: float, top: float, bottom: float) -> str:
    return _line(kind, (x, top), (x, bottom))


def _line(kind: str, start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _short(tick: float) -> str:
    return f"{tick:,.0f}" if tick >= 1000 else f"{tick:g}"


def _label(name: str, left: int, y: float) -> str:
    most = int((left - 12) / LETTER)
    short = name if len(name) <= most else f"{name[: most - 1]}…"
    return (
        f'<text class="label" x="{left - 12}" y="{y:.1f}">{escape(short)}'
        f"<title>{escape(name)}</title></text>"
    )


def _svg(height: int, title: str, drawn: Sequence[str]) -> str:
    content = "".join(drawn)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"{content}</svg>"
    )
