"""The accounts of routers that followed each other, as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from voicestand.events import ProviderStats, RoutingStats


def total(accounts: Sequence[RoutingStats]) -> RoutingStats | None:
    """All counted together, of the same providers, oldest first; None where there is none.

    State and latencies are the latest.
    """
    if not accounts:
        return None
    by_name: dict[str, list[ProviderStats]] = {}
    for account in accounts:
        for provider in account.providers:
            by_name.setdefault(provider.name, []).append(provider)
    return RoutingStats(
        requests=sum(one.requests for one in accounts),
        cache_hits=sum(one.cache_hits for one in accounts),
        fallbacks=sum(one.fallbacks for one in accounts),
        unanswered=sum(one.unanswered for one in accounts),
        providers=[_total(of_one) for of_one in by_name.values()],
    )


def _total(of_one: Sequence[ProviderStats]) -> ProviderStats:
    failures: Counter[str] = Counter()
    for one in of_one:
        failures.update(one.failures)
    return msgspec.structs.replace(
        of_one[-1],
        requests=sum(one.requests for one in of_one),
        retries=sum(one.retries for one in of_one),
        hedges=sum(one.hedges for one in of_one),
        hedges_won=sum(one.hedges_won for one in of_one),
        successes=sum(one.successes for one in of_one),
        abandoned=sum(one.abandoned for one in of_one),
        failures=dict(failures),
        units=round(sum(one.units for one in of_one), 3),
        cost=round(sum(one.cost for one in of_one), 6),
    )


class Succession:
    """The accounts of routers in workers that follow each other; it does not grow with them."""

    def __init__(self) -> None:
        self._accounts: tuple[RoutingStats | None, int, RoutingStats | None] = (None, 0, None)
        """Of the workers before, the process id of the present one, and its own."""

    def note(self, worker: int, account: RoutingStats) -> None:
        """What the worker has counted since it began."""
        before, present, last = self._accounts
        if worker != present and last is not None:
            before = total([last] if before is None else [before, last])
        self._accounts = (before, worker, account)

    def total(self) -> RoutingStats | None:
        """All counted together. Any thread may ask."""
        before, _, last = self._accounts
        return total([one for one in (before, last) if one is not None])
