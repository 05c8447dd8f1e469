"""The picture that ``voicestand top`` draws of one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from voicestand.cli.printing import clock, printable
from voicestand.cli.routing_view import providers
from voicestand.events import EngineStats, ProcessUsage, Quantiles, SourceStats

if TYPE_CHECKING:
    from voicestand.session.stats_file import Published

STALE_SECONDS = 3.0
"""A snapshot is written every second: an older one means that the session is stuck."""
LATE_SECONDS = 5.0
"""Speech that waits for longer is shown in red."""
_BARS = " ▁▂▃▄▅▆▇█"


def render(running: Published, now: float, *, ended: bool = False) -> RenderableType:
    """All of it; ``now`` in seconds of ``time.monotonic()``."""
    stats = running.stats
    head = Text(f"voicestand {running.pid} · {printable(stats.session)} · {clock(stats.t)}")
    age = now - running.written
    if ended:
        head.append(" · ended", style="bold")
    elif age > STALE_SECONDS:
        head.append(f" · no news for {age:.0f} s", style="bold red")
    else:
        head.append(" · Ctrl-C ends the view", style="dim")
    parts: list[RenderableType] = [head]
    for source in stats.sources:
        parts += [Text(), _books(source), _loudness(source), _histograms(source)]
    if stats.lag:
        parts.append(_lag(stats.lag))
    if stats.routing:
        parts += [Text(), providers(stats.routing)]
    parts += [Text(), _processes(stats.processes), _cores(stats)]
    return Group(*parts)


def _books(source: SourceStats) -> Text:
    name = printable(source.name.rpartition("/")[2])
    line = Text(f"{name} ({', '.join(source.channels)})", style="bold")
    line.append(f"  captured {source.frames_captured:,}", style="not bold")
    line.append(f" · delivered {source.frames_delivered:,}", style="not bold")
    for what, count in (("lost", source.frames_lost), ("xruns", source.xruns)):
        line.append(" · ", style="not bold")
        line.append(f"{what} {count:,}", style="bold red" if count else "not bold green")
    return line


def _lag(lag: dict[str, float]) -> Text:
    line = Text("not yet recognized")
    for channel, seconds in lag.items():
        line.append(f" · {printable(channel)} ")
        line.append(f"{seconds:.1f} s", style="bold red" if seconds > LATE_SECONDS else "green")
    return line


def _loudness(source: SourceStats) -> Table:
    table = _table("", "momentary", "short term", "integrated", "range", "peak")
    for channel, level in source.loudness.items():
        table.add_row(
            printable(channel),
            _decibels(level.momentary_lufs, "LUFS"),
            _decibels(level.short_term_lufs, "LUFS"),
            _decibels(level.integrated_lufs, "LUFS"),
            _decibels(level.range_lu, "LU"),
            _decibels(level.peak_dbfs, "dB"),
        )
    return table


def _decibels(value: float | None, unit: str) -> str:
    return "silence" if value is None else f"{value:.1f} {unit}"


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    return table


def _histograms(source: SourceStats) -> Table:
    table = _table("", "p50", "p99", "p99.9", "max", "count")
    for name, seen in source.histograms.items():
        if seen.count:
            figures = (seen.p50, seen.p99, seen.p999, seen.max)
            table.add_row(
                name.replace("_", " "), *(_figure(seen, one) for one in figures), f"{seen.count:,}"
            )
    for name, usage in source.threads.items():
        table.add_row(
            f"{name} thread", f"{usage.cpu_seconds:.2f} s CPU", f"{usage.wait_seconds:.2f} s waited"
        )
    return table


def _figure(seen: Quantiles, value: float) -> str:
    if seen.unit == "blocks":
        return f"{value:.0f}"
    if value < 1.0:
        return f"{1e3 * value:.1f} µs"
    return f"{value:.1f} ms" if value < 1000 else f"{value / 1e3:.1f} s"


def _processes(processes: list[ProcessUsage]) -> Table:
    table = _table("process", "pid", "CPU", "RSS", "PSS")
    for one in processes:
        shared = "" if one.pss_bytes is None else _megabytes(one.pss_bytes)
        table.add_row(
            printable(one.name),
            str(one.pid),
            f"{one.cpu_percent:.0f} %",
            _megabytes(one.rss_bytes),
            shared,
        )
    return table


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def _cores(stats: EngineStats) -> Text:
    bars = "".join(
        _BARS[round(percent / 100 * (len(_BARS) - 1))] for percent in stats.cores.values()
    )
    busy = sum(stats.cores.values())
    return Text(f"cores ▕{bars}▏ {busy:.0f} % of {100 * len(stats.cores)} %")
