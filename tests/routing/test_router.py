"""The router in simulated time: whom it asks, when, and who answers."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.routing.simulated import Scripted, now, simulate

from voicestand.events import RoutingStats
from voicestand.routing import FALLBACK, Answer, Kind, Provider, Router, UnansweredError, total

FALLBACK_SECONDS = 0.2


def router(*scripted: Scripted, fallback: bool = True) -> Router[str, str]:
    async def locally(query: str) -> str:
        await asyncio.sleep(FALLBACK_SECONDS)
        return f"local: {query}"

    return Router(
        [one.provider for one in scripted],
        fallback=locally if fallback else None,
        jitter=lambda: 1.0,
    )


async def ask_in_turn(
    routing: Router[str, str], count: int, seconds: float = 4.0, pause: float = 1.0
) -> tuple[Counter[str], list[float]]:
    """Who answered how often, and how long each took."""
    who: Counter[str] = Counter()
    took = []
    for number in range(count):
        began = now()
        answer = await routing.ask(str(number), seconds)
        took.append(now() - began)
        who[answer.provider] += 1
        assert answer.value.endswith(f": {number}")
        await asyncio.sleep(pause)
    return who, took


def test_the_quicker_one_is_asked_once_both_are_known() -> None:
    slow, quick = Scripted("slow", lambda _: 0.5), Scripted("quick", lambda _: 0.1)
    simulate(ask_in_turn(router(slow, quick), 50))
    assert len(quick.asked) == 49
    assert len(slow.asked) <= 1 + 5  # hedges


def test_one_that_often_fails_comes_after_one_that_is_slower() -> None:
    flaky = Scripted("flaky", lambda n: (0.05, Kind.SERVER_ERROR) if n % 2 else 0.05)
    steady = Scripted("steady", lambda _: 0.3)
    who, _ = simulate(ask_in_turn(router(flaky, steady), 100))
    assert who["steady"] > 80


def test_who_was_slow_is_tried_again_when_that_is_forgotten() -> None:
    slow = Scripted("slow", lambda n: 0.5 if n == 0 else 0.05)
    quick = Scripted("quick", lambda _: 0.1)
    who, _ = simulate(ask_in_turn(router(slow, quick), 400))
    assert who["slow"] > 90


def test_a_request_that_is_late_is_doubled_and_the_loser_stopped() -> None:
    usual = [0.1] * 39 + [3.0]
    first = Scripted("first", lambda n: usual[n % 40])
    second = Scripted("second", lambda _: 0.15)
    routing = router(first, second)
    _, took = simulate(ask_in_turn(routing, 200))
    assert max(took) <= 0.11 + 0.16
    stats = routing.stats(0.0)
    hedges = sum(one.hedges for one in stats.providers)
    assert 4 <= hedges <= 20
    assert stats.providers[1].hedges_won >= 4
    assert first.cancelled == stats.providers[1].hedges_won


def test_a_tail_that_is_thicker_than_a_twentieth_is_hedged_too() -> None:
    usual = [0.1] * 11 + [3.0]
    first = Scripted("first", lambda n: usual[n % 12])
    routing = router(first, Scripted("second", lambda _: 0.25))
    _, took = simulate(ask_in_turn(routing, 240))
    assert sorted(took)[230] <= 0.35 + 0.26


def test_failures_are_forgotten_after_a_minute() -> None:
    first = Scripted("first", lambda n: (0.0, Kind.SERVER_ERROR) if n < 3 else 0.1)
    second = Scripted("second", lambda _: 0.3)
    who, _ = simulate(ask_in_turn(router(first, second), 200))
    assert who["first"] > 120


def test_hedges_stay_within_a_tenth_when_everything_becomes_slow() -> None:
    first = Scripted("first", lambda n: 0.1 if n < 50 else 1.5)
    second = Scripted("second", lambda n: 0.2 if n < 50 else 1.5)
    routing = router(first, second)
    simulate(ask_in_turn(routing, 300))
    hedges = sum(one.hedges for one in routing.stats(0.0).providers)
    assert 0 < hedges <= 30


def test_a_single_provider_is_hedged_by_itself() -> None:
    alone = Scripted("alone", lambda n: 3.0 if n in (30, 50) else 0.1)
    _, took = simulate(ask_in_turn(router(alone), 60))
    assert max(took) <= 0.21


def test_a_broken_provider_costs_five_requests_and_then_a_probe_now_and_then() -> None:
    broken = Scripted("broken", lambda _: (0.01, Kind.SERVER_ERROR))
    good = Scripted("good", lambda _: 0.1)
    routing = router(broken, good)
    who, _ = simulate(ask_in_turn(routing, 300))
    assert who["good"] == 300
    assert len(broken.asked) <= 25
    assert routing.stats(0.0).fallbacks == 0


def test_a_dead_provider_makes_nobody_wait_for_the_deadline() -> None:
    dead = Scripted("dead", lambda _: (0.01, Kind.DISCONNECTED))
    who, took = simulate(ask_in_turn(router(dead), 60))
    assert who == {FALLBACK: 60}
    assert sorted(took)[50] <= FALLBACK_SECONDS + 0.02
    assert max(took) <= 4.0


def test_a_silent_provider_costs_at_most_the_deadline() -> None:
    silent = Scripted("silent", lambda _: 1e9)
    who, took = simulate(ask_in_turn(router(silent), 60))
    assert who == {FALLBACK: 60}
    assert max(took) <= 4.0 + 1e-6
    assert sorted(took)[45] <= FALLBACK_SECONDS + 1e-6  # the breaker has opened
    assert silent.cancelled == len(silent.asked)


def test_who_has_become_quicker_than_the_deadline_is_found_out() -> None:
    slow = Scripted("slow", lambda n: 9.0 if n < 2 else 0.1)
    who, took = simulate(ask_in_turn(router(slow), 40, seconds=1.0))
    assert who["slow"] > 10
    assert sum(seconds > 0.5 for seconds in took) <= 3  # waited for in vain


def test_retry_after_is_kept_to_and_waited_for_where_there_is_time() -> None:
    busy = Scripted("busy", lambda n: (0.01, Kind.RATE_LIMITED, 1.5) if n == 0 else 0.1)
    who, took = simulate(ask_in_turn(router(busy), 1))
    assert who == {"busy": 1}
    assert busy.asked[1] - busy.asked[0] == pytest.approx(1.51)
    assert took[0] == pytest.approx(1.61, abs=0.01)
    busy = Scripted("busy", lambda n: (0.01, Kind.RATE_LIMITED, 60.0) if n == 0 else 0.1)
    who, took = simulate(ask_in_turn(router(busy), 100))
    assert who["busy"] == 100 - who[FALLBACK]
    assert busy.asked[1] - busy.asked[0] >= 60
    assert max(took[:45]) <= 0.01 + FALLBACK_SECONDS + 1e-6


def test_the_same_provider_is_asked_again_after_growing_pauses_three_times_in_all() -> None:
    failing = Scripted("failing", lambda _: (0.0, Kind.SERVER_ERROR))
    simulate(ask_in_turn(router(failing), 1))
    assert failing.asked == pytest.approx([0.0, 0.2, 0.6])


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        (Kind.WRONG_INPUT, 1, 0),
        (Kind.BAD_REQUEST, 1, 1),
        (Kind.DENIED, 1, 1),
        (Kind.SERVER_ERROR, 3, 3),
        (Kind.RATE_LIMITED, 3, 3),
    ],
)
def test_what_is_tried_again_depends_on_the_failure(kind: Kind, first: int, second: int) -> None:
    one = Scripted("one", lambda _: (0.0, kind))
    two = Scripted("two", lambda _: (0.0, kind))
    who, _ = simulate(ask_in_turn(router(one, two), 1))
    assert who == {FALLBACK: 1}
    assert (len(one.asked), len(two.asked)) == (first, second)


def test_a_provider_gets_no_more_than_its_rate() -> None:
    limited = Scripted("limited", lambda _: 0.05, requests_per_minute=30, burst=2)
    other = Scripted("other", lambda _: 0.5)
    who, _ = simulate(ask_in_turn(router(limited, other), 240, pause=0.5))
    span = limited.asked[-1] - limited.asked[0]
    assert len(limited.asked) <= 2 + span / 2
    assert who["limited"] > 0.8 * span / 2
    assert who[FALLBACK] == 0


def test_the_fallback_has_its_usual_time_before_the_deadline() -> None:
    silent = Scripted("silent", lambda _: 1e9)
    _, took = simulate(ask_in_turn(router(silent), 1, seconds=2.0))
    assert took[0] == pytest.approx(1.5 + FALLBACK_SECONDS)  # 0.5 s before it is known
    _, took = simulate(ask_in_turn(router(silent), 2, seconds=2.0))
    assert took[1] == pytest.approx(2.0)


def test_without_a_fallback_the_caller_is_told_why() -> None:
    async def ask() -> None:
        routing = router(Scripted("dead", lambda _: (0.0, Kind.DENIED)), fallback=False)
        with pytest.raises(UnansweredError, match="dead: denied"):
            await routing.ask("x", 1.0)
        with pytest.raises(UnansweredError, match="no provider could be asked"):
            await routing.ask("x", 1.0)
        assert routing.stats(now()).unanswered == 2

    simulate(ask())


def test_equal_keys_are_asked_once_an_hour_and_fallbacks_are_not_kept() -> None:
    async def ask() -> None:
        one = Scripted("one", lambda n: (0.0, Kind.WRONG_INPUT) if n == 0 else 0.1)
        routing = router(one)
        assert (await routing.ask("x", 4.0, key=b"k")).provider == FALLBACK
        assert await routing.ask("x", 4.0, key=b"k") == Answer("one: x", "one")
        assert await routing.ask("x", 4.0, key=b"k") == Answer("one: x", "one", cached=True)
        await routing.ask("y", 4.0, key=b"l")
        await asyncio.sleep(3601)
        assert not (await routing.ask("x", 4.0, key=b"k")).cached
        assert (len(one.asked), routing.stats(now()).cache_hits) == (4, 1)

    simulate(ask())


def test_a_mistake_in_a_provider_is_raised_and_leaves_no_request_behind() -> None:
    async def ask() -> None:
        async def broken(query: str) -> str:
            raise KeyError(query)

        provider: Provider[str, str] = Provider("broken", broken)
        routing = Router([provider])
        with pytest.raises(KeyError):
            await routing.ask("x", 1.0)
        assert provider.stats(now()).abandoned == 1

    simulate(ask())


kinds = st.sampled_from(sorted(Kind, key=lambda kind: kind.value))
behaviours = st.lists(
    st.floats(0, 8)
    | st.just(1e9)
    | st.tuples(st.floats(0, 5), kinds)
    | st.tuples(st.floats(0, 1), kinds, st.floats(0, 10)),
    min_size=1,
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(
    scripts=st.lists(behaviours, min_size=1, max_size=3),
    rate=st.none() | st.floats(1, 600),
    seconds=st.floats(0.5, 6),
    seed=st.integers(0, 1000),
)
def test_whatever_providers_do_each_request_is_answered_once_in_time_and_accounted_for(
    scripts: list[list[float | tuple[float, Kind]]], rate: float | None, seconds: float, seed: int
) -> None:
    async def load() -> RoutingStats:
        chance = random.Random(seed)
        scripted = [
            Scripted(
                f"p{at}",
                lambda n, script=script: script[n % len(script)],  # type: ignore[misc]
                requests_per_minute=rate,
            )
            for at, script in enumerate(scripts)
        ]
        routing = router(*scripted)

        async def conversation(name: int) -> None:
            for number in range(12):
                await asyncio.sleep(chance.uniform(0, 2))
                began = now()
                answer = await routing.ask(f"{name}.{number}", seconds)
                assert answer.value.endswith(f": {name}.{number}")
                late = FALLBACK_SECONDS if seconds < 2 * FALLBACK_SECONDS + 0.5 else 0.0
                assert now() - began <= seconds + late + 1e-6

        await asyncio.gather(*(conversation(name) for name in range(4)))
        await asyncio.sleep(0)  # the last losers are stopped
        for one in scripted:
            stats = one.provider.stats(now())
            ended = stats.successes + stats.abandoned + sum(stats.failures.values())
            assert stats.requests == ended
            assert len(one.asked) <= stats.requests
        return routing.stats(now())

    stats = simulate(load())
    assert stats.requests == 48
    won = sum(one.successes for one in stats.providers)
    assert won >= stats.requests - stats.fallbacks
    assert sum(one.hedges for one in stats.providers) * 10 <= stats.requests


def test_accounts_of_routers_that_followed_each_other_add_up() -> None:
    def account(behave: float | tuple[float, Kind]) -> RoutingStats:
        one = Scripted("one", lambda _: behave, price=2.0)
        routing = router(one)
        simulate(ask_in_turn(routing, 3))
        return routing.stats(0.0)

    good, bad = account(0.1), account((0.0, Kind.BAD_REQUEST))
    assert total([]) is None
    assert total([good]) == good
    both = total([good, bad])
    assert both is not None
    assert (both.requests, both.fallbacks) == (6, 3)
    (provider,) = both.providers
    assert (provider.requests, provider.successes) == (6, 3)
    assert (provider.failures, provider.cost) == ({"bad-request": 3}, 6.0)
    assert provider.p50_ms == bad.providers[0].p50_ms
