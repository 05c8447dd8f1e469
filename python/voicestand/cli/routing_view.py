"""What providers elsewhere were asked, for a person."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from voicestand.cli.printing import printable
from voicestand.events import ProviderStats, RoutingStats


def providers(routing: Mapping[str, RoutingStats]) -> Table:
    """A line for each channel, and one for each of its providers."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("provider", no_wrap=True)
    for heading in ("asked", "answered", "failed", "cached", "p50", "p95", "hedges", "min", "cost"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for channel, stats in routing.items():
        table.add_row(
            printable(channel),
            f"{stats.requests}",
            f"{stats.requests - stats.fallbacks - stats.unanswered}",
            f"{stats.fallbacks}",
            share(stats.cache_hits, stats.requests),
        )
        for provider in stats.providers:
            table.add_row(*_row(provider))
    return table


def share(part: int, whole: int) -> str:
    """In percent; of nothing, nothing."""
    return f"{part / whole if whole else 0.0:.0%}"


def _row(provider: ProviderStats) -> list[str]:
    failures = ", ".join(f"{kind} {count}" for kind, count in provider.failures.items())
    state = "" if provider.state == "closed" else f"left alone ({provider.state}) "
    return [
        f"  {printable(provider.name)}",
        f"{provider.requests}",
        f"{provider.successes}",
        f"{sum(provider.failures.values())}",
        "",
        _latency(provider.p50_ms),
        _latency(provider.p95_ms),
        f"{provider.hedges_won}/{provider.hedges}",
        f"{provider.units / 60:.1f}",
        f"{provider.cost:.4f}",
        f"{state}{failures}",
    ]


def _latency(milliseconds: float | None) -> str:
    return "" if milliseconds is None else f"{milliseconds:.0f} ms"
