"""One provider: whom to call, what it lately did, and its account."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from voicestand.events import ProviderStats
from voicestand.routing.breaker import CircuitBreaker, Permit, State
from voicestand.routing.failure import Kind, ProviderError
from voicestand.routing.history import History, Outcome
from voicestand.routing.rate import TokenBucket

Q = TypeVar("Q")
A = TypeVar("A")

LOST = 1.0
"""Seconds that a failure costs, about, when providers are compared: the pause, and the next try."""

BUSY_SECONDS = 1.0
"""For which a provider that is busy is left alone, where it does not say how long."""

SLOW_SECONDS = 10.0
"""After which one that usually answers too late gets another chance: otherwise nobody would learn
that it has become quicker, nor that it fails."""

LEAST_ANSWERS = 10
"""Answers from which a 95th percentile is taken to mean something."""


@dataclass
class Account:
    """What a provider was asked and what came of it, since the beginning."""

    requests: int = 0
    retries: int = 0
    hedges: int = 0
    successes: int = 0
    hedges_won: int = 0
    abandoned: int = 0
    failures: dict[Kind, int] = field(default_factory=dict)
    units: float = 0.0


class Provider(Generic[Q, A]):
    """``send`` gives the answer or raises :class:`ProviderError`; cancelled, it stops at once."""

    def __init__(
        self,
        name: str,
        send: Callable[[Q], Awaitable[A]],
        *,
        price: float = 0.0,
        requests_per_minute: float | None = None,
        burst: int = 1,
        jitter: Callable[[], float] = lambda: random.uniform(0.75, 1.25),
    ) -> None:
        """``price`` of a unit; ``burst``: requests that may come at once below the limit."""
        self.name = name
        self.send = send
        self._price = price
        self._bucket = (
            None if requests_per_minute is None else TokenBucket(requests_per_minute / 60, burst)
        )
        self._history = History()
        self._breaker = CircuitBreaker(jitter)
        self._busy_until = 0.0
        self._account = Account()
        self._asked_at = float("-inf")
        self.trouble = ""
        """What it was last blamed for, in one line; empty: for nothing yet."""

    @property
    def state(self) -> State:
        """Of its circuit breaker."""
        return self._breaker.state

    def ready_at(self, now: float) -> float:
        """When it may be asked: now, later, or never as far as is known (inf)."""
        ready = max(now, self._busy_until)
        if self._bucket is not None:
            ready = max(ready, self._bucket.ready_at(now))
        # Nobody waits for a provider that was found to be broken.
        return ready if self._breaker.admits_at(now) <= now else float("inf")

    def usual(self, now: float) -> float:
        """Seconds to an answer in half of the cases; 0 where nothing is known."""
        return self._history.quantile(0.5, now) or 0.0

    def too_slow(self, now: float, seconds: float) -> bool:
        """Whether an answer would usually take longer than ``seconds``, as it lately turned out."""
        return self.usual(now) >= seconds and now < self._asked_at + SLOW_SECONDS

    def slow(self, now: float) -> float | None:
        """Seconds within which 95 % of the answers come; None: too few are known."""
        return self._history.quantile(0.95, now, least=LEAST_ANSWERS)

    def late(self, now: float) -> float | None:
        """Seconds after which an answer is late: :meth:`slow`, or three times what is usual.

        The latter is less where more than one answer in twenty is slow: then the 95th percentile is
        that of slow ones. None: too little is known.
        """
        slow = self.slow(now)
        return None if slow is None else min(slow, 3 * self.usual(now))

    def longest(self, now: float) -> float:
        """The same, but as far as is known; 0 where nothing is."""
        return self._history.quantile(0.95, now) or 0.0

    def expected(self, now: float) -> float:
        """What it is ranked by: seconds to an answer, if a failure costs :data:`LOST`.

        One that nothing is known of comes first: that is how it becomes known.
        """
        return self.usual(now) + LOST * (1.0 - self._history.success(now))

    def admit(self, now: float, *, retry: bool, hedge: bool) -> Permit:
        """Counts a request that is about to be sent; :meth:`ready_at` must have said now."""
        if self._bucket is not None:
            self._bucket.take(now)
        self._asked_at = now
        self._account.requests += 1
        self._account.retries += retry
        self._account.hedges += hedge
        return self._breaker.admit(now)

    def succeeded(
        self, permit: Permit, now: float, seconds: float, units: float, *, hedge: bool
    ) -> None:
        """It answered."""
        self._account.successes += 1
        self._account.hedges_won += hedge
        self._account.units += units
        self._history.add(Outcome(now, seconds, success=True))
        self._breaker.succeeded(permit)

    def failed(
        self, permit: Permit, now: float, seconds: float, units: float, error: ProviderError
    ) -> None:
        """It did not."""
        kind = error.kind
        self._account.failures[kind] = self._account.failures.get(kind, 0) + 1
        late = kind is Kind.TIMED_OUT
        if late:  # it may well have done the work
            self._account.units += units
        if kind is Kind.RATE_LIMITED or error.retry_after is not None:
            pause = BUSY_SECONDS if error.retry_after is None else error.retry_after
            self._busy_until = max(self._busy_until, now + pause)
        if error.consequence.blamed:
            self.trouble = str(error)
            self._history.add(Outcome(now, seconds if late else None, success=False))
            self._breaker.failed(permit, now, hopeless=kind is Kind.DENIED)
        else:
            self._breaker.abandoned(permit, now)

    def abandoned(self, permit: Permit, now: float, seconds: float, units: float) -> None:
        """Somebody else was quicker, or nobody waits any more. What it took is a lower bound."""
        self._account.abandoned += 1
        self._account.units += units
        self._history.add(Outcome(now, seconds, success=None))
        self._breaker.abandoned(permit, now)

    def stats(self, now: float) -> ProviderStats:
        """The account as it is."""
        account = self._account
        return ProviderStats(
            name=self.name,
            state=self.state.value,
            requests=account.requests,
            retries=account.retries,
            hedges=account.hedges,
            hedges_won=account.hedges_won,
            successes=account.successes,
            abandoned=account.abandoned,
            failures={kind.value: count for kind, count in account.failures.items()},
            p50_ms=_milliseconds(self._history.quantile(0.5, now)),
            p95_ms=_milliseconds(self._history.quantile(0.95, now)),
            units=round(account.units, 3),
            cost=round(account.units * self._price, 6),
        )


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(1e3 * seconds, 1)
