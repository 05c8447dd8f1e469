"""Gets an answer within a deadline: from the best provider, or from the fallback."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from cachetools import TTLCache

from voicestand.events import RoutingStats
from voicestand.routing.failure import Kind, ProviderError
from voicestand.routing.hedging import HedgeBudget
from voicestand.routing.history import History, Outcome
from voicestand.routing.provider import Provider

Q = TypeVar("Q")
A = TypeVar("A")

FALLBACK = "fallback"
"""Who answered, where no provider did."""

ATTEMPTS = 3
"""Of one request at one provider, hedges included."""

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 2.0
"""Seconds before the same provider is asked again; doubled each time, 50 to 100 % of it."""

CACHE_SIZE = 256
CACHE_SECONDS = 3600.0

RESERVED = 0.5
"""Seconds kept for the fallback before it is known how long it takes."""

LARGEST_RESERVE = 0.5
"""Share of the time given that is kept for the fallback, at most."""


class UnansweredError(Exception):
    """No provider answered in time, and there is no fallback."""


class Answer(NamedTuple, Generic[A]):
    """An answer, and whose it is."""

    value: A
    provider: str
    """Its name, or :data:`FALLBACK`."""
    cached: bool = False


@dataclass
class _Tries:
    """Of one request at one provider."""

    count: int = 0
    not_before: float = 0.0
    over: bool = False


@dataclass
class _Request(Generic[Q]):
    """One request while it is being answered."""

    query: Q
    units: float
    until: float
    tries: dict[str, _Tries] = field(default_factory=dict)
    error: ProviderError | None = None
    """Of the latest attempt that failed."""
    hopeless: bool = False
    """Nobody can answer it."""

    def at(self, name: str) -> _Tries:
        return self.tries.setdefault(name, _Tries())


class Router(Generic[Q, A]):
    """Runs in one event loop, whose clock is its clock: that of all methods but ``stats``."""

    def __init__(
        self,
        providers: Sequence[Provider[Q, A]],
        *,
        fallback: Callable[[Q], Awaitable[A]] | None = None,
        measure: Callable[[Q], float] = lambda _: 1.0,
        cache_seconds: float = CACHE_SECONDS,
        jitter: Callable[[], float] = lambda: random.uniform(0.5, 1.0),
    ) -> None:
        """``providers``: of equals, the first is preferred. ``measure``: units that are paid.

        ``cache_seconds``: how long an answer is remembered.
        """
        self._providers = list(providers)
        self._fallback = fallback
        self._measure = measure
        self._jitter = jitter
        self._hedges = HedgeBudget()
        self._fallback_history = History()
        self._cache: TTLCache[bytes, Answer[A]] = TTLCache(CACHE_SIZE, cache_seconds, timer=_now)
        self._requests = 0
        self._cache_hits = 0
        self._fallbacks = 0
        self._unanswered = 0

    @property
    def providers(self) -> Sequence[Provider[Q, A]]:
        """As they were given."""
        return tuple(self._providers)

    async def ask(self, query: Q, seconds: float, *, key: bytes | None = None) -> Answer[A]:
        """The answer to ``query``, within ``seconds`` as far as the fallback keeps its time.

        ``key``: what equals this, equals the query; a provider's answer to it is remembered for a
        while. Raises :class:`UnansweredError` where there is no fallback, and whatever it raises.
        """
        self._requests += 1
        if key is not None and (known := self._cache.get(key)) is not None:
            self._cache_hits += 1
            return known._replace(cached=True)
        now = _now()
        until = now + seconds - self._reserve(seconds, now)
        request = _Request(query, self._measure(query), until)
        self._hedges.earn()
        answer = await self._remote(request)
        if answer is None:
            return await self._fall_back(request)
        if key is not None:
            self._cache[key] = answer
        return answer

    def stats(self, now: float) -> RoutingStats:
        """The account so far; ``now``: of the event loop's clock."""
        return RoutingStats(
            requests=self._requests,
            cache_hits=self._cache_hits,
            fallbacks=self._fallbacks,
            unanswered=self._unanswered,
            providers=[provider.stats(now) for provider in self._providers],
        )

    def _reserve(self, seconds: float, now: float) -> float:
        if self._fallback is None:
            return 0.0
        known = self._fallback_history.quantile(0.95, now)
        return min(RESERVED if known is None else known, LARGEST_RESERVE * seconds)

    async def _fall_back(self, request: _Request[Q]) -> Answer[A]:
        if self._fallback is None:
            self._unanswered += 1
            raise UnansweredError(
                "no provider could be asked" if request.error is None else str(request.error)
            )
        began = _now()
        self._fallbacks += 1
        value = await self._fallback(request.query)
        ended = _now()
        self._fallback_history.add(Outcome(ended, ended - began, success=True))
        return Answer(value, FALLBACK)

    async def _remote(self, request: _Request[Q]) -> Answer[A] | None:
        """A provider's answer; None where none comes in time."""
        while True:
            now = _now()
            chances = self._chances(request, now)
            if request.hopeless or not chances:
                return None
            when, provider = chances[0]
            if when > now:
                await asyncio.sleep(when - now)
                continue
            answer = await self._race(provider, request)
            if answer is not None:
                return answer

    def _chances(self, request: _Request[Q], now: float) -> list[tuple[float, Provider[Q, A]]]:
        """Whom to ask, and when; those first who can be asked now, the best of them first.

        Nobody is asked who would usually answer too late.
        """
        chances = []
        for provider in self._providers:
            tries = request.at(provider.name)
            when = max(provider.ready_at(now), tries.not_before)
            late = when >= request.until or provider.too_slow(now, request.until - when)
            if not (tries.over or tries.count >= ATTEMPTS or late):
                chances.append((when, provider))
        return sorted(chances, key=lambda chance: (chance[0], chance[1].expected(now)))

    async def _race(self, provider: Provider[Q, A], request: _Request[Q]) -> Answer[A] | None:
        """One attempt, and another one elsewhere if it is late and the budget permits."""
        delay = provider.late(_now())
        asked = {self._launch(provider, request, hedge=False): provider}
        running = set(asked)
        try:
            done, _ = await asyncio.wait(running, timeout=delay)
            if not done and (other := self._hedge(provider, request)) is not None:
                asked[self._launch(other, request, hedge=True)] = other
                running = set(asked)
            while running:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    if not isinstance(one.exception(), ProviderError):
                        return Answer(one.result(), asked[one].name)
            return None
        finally:
            for one in running:
                one.cancel()

    def _hedge(self, late: Provider[Q, A], request: _Request[Q]) -> Provider[Q, A] | None:
        """Whom to ask besides: another one, or the same where there is no other."""
        now = _now()
        others = [
            provider
            for when, provider in self._chances(request, now)
            if when <= now and (provider is not late or len(self._providers) == 1)
        ]
        return others[0] if others and self._hedges.spend() else None

    def _launch(
        self, provider: Provider[Q, A], request: _Request[Q], *, hedge: bool
    ) -> asyncio.Task[A]:
        """Asks once; what became of it is with ``provider`` and ``request`` when it is done."""
        began = _now()
        tries = request.at(provider.name)
        permit = provider.admit(began, retry=tries.count > 0 and not hedge, hedge=hedge)
        tries.count += 1
        limit = self._limit(provider, request, began)
        task = asyncio.get_running_loop().create_task(_within(limit, provider, request.query))

        def account(done: asyncio.Task[A]) -> None:
            now = _now()
            error = None if done.cancelled() else done.exception()
            if isinstance(error, ProviderError):
                provider.failed(permit, now, now - began, request.units, error)
                self._after(error, request, tries, now)
            elif done.cancelled() or error is not None:
                provider.abandoned(permit, now, now - began, request.units)
            else:
                provider.succeeded(permit, now, now - began, request.units, hedge=hedge)

        # Not at the end of the coroutine: a task that is cancelled before it began never runs.
        task.add_done_callback(account)
        return task

    def _after(self, error: ProviderError, request: _Request[Q], tries: _Tries, now: float) -> None:
        request.error = error
        request.hopeless |= not error.consequence.elsewhere
        tries.over |= not error.consequence.again
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (tries.count - 1))
        tries.not_before = now + pause * self._jitter()

    def _limit(self, provider: Provider[Q, A], request: _Request[Q], now: float) -> float:
        """Seconds for one attempt, which must leave time for another one that makes sense.

        Thrice what 95 % of its answers need. Of who is not known so well, half of what is left, or
        twice what it was once given in vain; all, where nobody else could be asked.
        """
        left = request.until - now
        slow = provider.slow(now)
        if slow is not None:
            return min(left, 3 * slow)
        if all(one is provider for _, one in self._chances(request, now)):
            return left
        return min(left, max(left / 2, 2 * provider.longest(now)))


async def _within(seconds: float, provider: Provider[Q, A], query: Q) -> A:
    try:
        async with asyncio.timeout(seconds):
            return await provider.send(query)
    except TimeoutError:
        raise ProviderError(Kind.TIMED_OUT, f"{provider.name}: no answer in time") from None


def _now() -> float:
    return asyncio.get_running_loop().time()
