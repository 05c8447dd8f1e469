"""What a person is shown of providers elsewhere, at the end of ``run`` and in ``top``."""

from __future__ import annotations

from rich.console import Console

from voicestand.cli.routing_view import providers, share
from voicestand.events import ProviderStats, RoutingStats


def test_each_provider_has_its_figures_and_each_channel_its_hit_rate() -> None:
    account = ProviderStats(
        name="groq",
        state="open",
        requests=42,
        retries=3,
        hedges=4,
        hedges_won=1,
        successes=36,
        abandoned=1,
        failures={"timed-out": 2, "server-error": 3},
        p50_ms=212.4,
        p95_ms=480.0,
        units=1800.0,
        cost=0.02,
    )
    stats = RoutingStats(requests=40, cache_hits=10, fallbacks=2, providers=[account])
    console = Console(width=80, color_system=None)
    with console.capture() as captured:
        console.print(providers({"self": stats}))
    heading, channel, provider, trouble = captured.get().splitlines()
    assert heading.split()[:4] == ["provider", "asked", "answered", "failed"]
    assert channel.split() == ["self", "40", "38", "2", "25%"]
    assert provider.split() == [
        *("groq", "42", "36", "5", "212", "ms", "480", "ms", "1/4", "30.0", "0.0200"),
    ]
    assert trouble == "self: groq is left alone (open), timed-out 2, server-error 3"


def test_a_share_of_nothing_is_nothing() -> None:
    assert share(0, 0) == "0%"
