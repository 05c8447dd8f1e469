"""History, circuit breaker, hedge budget and token bucket, without any clock but the test's."""

from __future__ import annotations

import math
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from voicestand.routing.breaker import (
    FAILURES,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    WINDOW,
    CircuitBreaker,
    Permit,
    State,
)
from voicestand.routing.hedging import PRICE, SAVED, HedgeBudget
from voicestand.routing.history import BLAME_SECONDS, History, Outcome
from voicestand.routing.rate import TokenBucket

moments = st.floats(0, 1000, allow_nan=False)
outcomes = st.tuples(st.floats(0, 100), st.none() | st.floats(0, 60), st.none() | st.booleans())


@given(st.lists(outcomes, max_size=40), st.floats(0, 1), st.floats(0, 400))
def test_quantiles_are_those_of_the_latest_and_not_of_the_old(
    told: list[tuple[float, float | None, bool | None]], q: float, later: float
) -> None:
    history = History(size=16, seconds=300)
    times = list(accumulate(pause for pause, _, _ in told))
    for at, (_, seconds, success) in zip(times, told, strict=True):
        history.add(Outcome(at, seconds, success))
    now = (times[-1] if times else 0.0) + later
    kept = [one for at, one in list(zip(times, told, strict=True))[-16:] if now - at <= 300]
    answers = sorted(seconds for _, seconds, success in kept if success and seconds is not None)
    middle = answers[(len(answers) - 1) // 2] if answers else 0.0
    known = sorted(
        seconds
        for _, seconds, success in kept
        if seconds is not None and (success or seconds >= middle)
    )
    found = history.quantile(q, now)
    if not known:
        assert found is None
    else:
        assert found is not None
        below = sum(one <= found for one in known)
        assert found in known
        assert below >= q * len(known)
        assert sum(one < found for one in known) <= max(0.0, q * len(known))
    assert history.quantile(q, now, least=len(answers) + 1) is None
    told_of = [
        success
        for at, (_, _, success) in list(zip(times, told, strict=True))[-16:]
        if success is not None and now - at <= BLAME_SECONDS
    ]
    assert history.success(now) == (sum(told_of) + 1) / (len(told_of) + 1)


class Breaking(RuleBasedStateMachine):
    """Any order of requests, answers, failures and pauses; at most one probe at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = CircuitBreaker()
        self.now = 0.0
        self.out: list[tuple[Permit, State]] = []
        """Permits whose end was not told, with the state they were given in."""
        self.opened = 0.0

    @rule(seconds=st.sampled_from([0.1, 1.0, FIRST_PAUSE, LONGEST_PAUSE]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.breaker.admits_at(self.now) <= self.now)
    @rule()
    def request(self) -> None:
        self.out.append((self.breaker.admit(self.now), self.breaker.state))

    @precondition(lambda self: self.breaker.admits_at(self.now) > self.now)
    @rule()
    def refused(self) -> None:
        assert self.breaker.state is not State.CLOSED
        with pytest.raises(ValueError, match="open"):
            self.breaker.admit(self.now)

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 99), how=st.sampled_from(["good", "bad", "hopeless", "never"]))
    def outcome(self, which: int, how: str) -> None:
        permit, given_in = self.out.pop(which % len(self.out))
        before = self.breaker.state
        if how == "good":
            self.breaker.succeeded(permit)
        elif how == "never":
            self.breaker.abandoned(permit, self.now)
        else:
            self.breaker.failed(permit, self.now, hopeless=how == "hopeless")
        after = self.breaker.state
        if before is State.OPEN:
            assert after is State.OPEN  # only a probe can find out
        if before is State.HALF_OPEN and given_in is not State.HALF_OPEN:
            assert after is State.HALF_OPEN  # old news
        if after is State.OPEN is not before and how != "never":
            pause = self.breaker.admits_at(self.now) - self.now
            assert FIRST_PAUSE - 1e-6 <= pause <= LONGEST_PAUSE + 1e-6
        if how == "good" and given_in is State.HALF_OPEN and before is State.HALF_OPEN:
            assert after is State.CLOSED

    @invariant()
    def a_probe_is_alone_and_never_forgotten(self) -> None:
        if self.breaker.state is State.HALF_OPEN:
            assert any(given_in is State.HALF_OPEN for _, given_in in self.out)
        elif self.breaker.state is State.OPEN:
            assert math.isfinite(self.breaker.admits_at(self.now))


TestBreaking = Breaking.TestCase
TestBreaking.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_breaker_opens_at_five_failures_of_ten_and_not_before() -> None:
    breaker = CircuitBreaker()
    for success in [True] * (WINDOW - FAILURES) + [False] * (FAILURES - 1):
        permit = breaker.admit(0.0)
        breaker.succeeded(permit) if success else breaker.failed(permit, 0.0)
    assert breaker.state is State.CLOSED
    breaker.failed(breaker.admit(0.0), 0.0)
    assert (breaker.state, breaker.admits_at(0.0)) == (State.OPEN, FIRST_PAUSE)


def test_each_probe_that_fails_doubles_the_pause_and_one_that_succeeds_ends_it() -> None:
    breaker = CircuitBreaker()
    now = 0.0
    breaker.failed(breaker.admit(now), now, hopeless=True)
    pauses = []
    for _ in range(7):
        pauses.append(breaker.admits_at(now) - now)
        now = breaker.admits_at(now)
        probe = breaker.admit(now)
        assert breaker.admits_at(now) == math.inf
        breaker.failed(probe, now)
    assert pauses == [2, 4, 8, 16, 32, 60, 60]
    now = breaker.admits_at(now)
    breaker.succeeded(breaker.admit(now))
    assert breaker.state is State.CLOSED
    breaker.failed(breaker.admit(now), now, hopeless=True)
    assert breaker.admits_at(now) - now == FIRST_PAUSE


@pytest.mark.parametrize("success", [True, False])
def test_what_was_sent_before_a_breaker_opened_says_nothing_of_the_probe(success: bool) -> None:
    breaker = CircuitBreaker()
    old = [breaker.admit(0.0), breaker.admit(0.0)]
    breaker.failed(breaker.admit(0.0), 0.0, hopeless=True)
    breaker.succeeded(old[0])
    assert breaker.state is State.OPEN
    breaker.admit(FIRST_PAUSE)
    breaker.succeeded(old[1]) if success else breaker.failed(old[1], FIRST_PAUSE)
    assert breaker.admits_at(FIRST_PAUSE) == math.inf  # the probe is still on its way


@given(st.lists(st.booleans(), max_size=200))
def test_hedges_are_never_more_than_a_tenth_of_the_requests(wanted: list[bool]) -> None:
    budget = HedgeBudget()
    hedges = 0
    for number, wants in enumerate(wanted, 1):
        budget.earn()
        if wants and budget.spend():
            hedges += 1
        assert hedges * PRICE <= number
    hedges += sum(budget.spend() for _ in range(SAVED + 1))
    assert hedges * PRICE <= len(wanted)
    assert not budget.spend()
    for _ in range(10 * PRICE * SAVED):
        budget.earn()
    assert [budget.spend() for _ in range(SAVED + 1)] == [True] * SAVED + [False]


@given(
    st.floats(0.01, 100),
    st.integers(1, 10),
    st.lists(st.floats(0, 10), min_size=1, max_size=60),
)
def test_a_bucket_gives_no_more_than_its_rate_and_says_when_it_will(
    per_second: float, burst: int, pauses: list[float]
) -> None:
    bucket = TokenBucket(per_second, burst)
    taken: list[float] = []
    for now in accumulate(pauses):
        ready = bucket.ready_at(now)
        if bucket.take(now):
            assert ready == now
            taken.append(now)
        else:
            assert ready > now
            assert ready - now <= 1.001 / per_second
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            within = taken[last] - taken[first]
            assert last - first + 1 <= burst + within * per_second + 1e-6
