"""What the routers of workers counted is not lost with the worker, nor counted twice."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from voicestand.events import ProviderStats, RoutingStats
from voicestand.routing.accounts import Succession


def account(requests: int) -> RoutingStats:
    provider = ProviderStats(
        name="one",
        state="closed",
        requests=requests,
        retries=0,
        hedges=0,
        hedges_won=0,
        successes=requests,
        abandoned=0,
        units=float(requests),
        cost=0.0,
    )
    return RoutingStats(
        requests=requests, cache_hits=0, fallbacks=0, unanswered=0, providers=[provider]
    )


def test_nothing_is_counted_before_a_worker_tells() -> None:
    assert Succession().total() is None


@given(st.lists(st.lists(st.integers(0, 9), min_size=1), min_size=1))
def test_each_request_counts_once_however_often_it_is_told_and_whoever_follows(
    workers: list[list[int]],
) -> None:
    """Each worker tells its sum after each of its requests, then another follows it."""
    succession = Succession()
    for pid, asked in enumerate(workers, start=1):
        for sum_so_far in accumulate(asked):
            succession.note(pid, account(sum_so_far))
    everything = succession.total()
    assert everything is not None
    assert everything.requests == sum(map(sum, workers))
    (provider,) = everything.providers
    assert provider.requests == provider.successes == everything.requests
