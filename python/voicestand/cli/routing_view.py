"""What providers elsewhere were asked, for a person."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group
from rich.table import Table
from rich.text import Text

from voicestand.cli.printing import printable
from voicestand.events import ProviderStats, RoutingStats


def providers(routing: Mapping[str, RoutingStats]) -> Group:
    """A line for each channel, one for each of its providers, and below what went wrong with them.

    The table fits into 80 columns.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    troubles = []
    table.add_column("provider", no_wrap=True)
    for heading in ("asked", "answered", "failed", "cached", "p50", "p95", "hedges", "min", "cost"):
        table.add_column(heading, justify="right", no_wrap=True)
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
            if trouble := _trouble(provider):
                troubles.append(Text(f"{printable(channel)}: {printable(provider.name)} {trouble}"))
    return Group(table, *troubles)


def share(part: int, whole: int) -> str:
    """In percent; of nothing, nothing."""
    return f"{part / whole if whole else 0.0:.0%}"


def _row(provider: ProviderStats) -> list[str]:
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
    ]


def _trouble(provider: ProviderStats) -> str:
    found = [] if provider.state == "closed" else [f"is left alone ({provider.state})"]
    found += [f"{kind} {count}" for kind, count in provider.failures.items()]
    return ", ".join(found)


def _latency(milliseconds: float | None) -> str:
    return "" if milliseconds is None else f"{milliseconds:.0f} ms"
