"""Ratios say how many times better ours is, whatever the unit, and misses are misses."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bench.records import PEER, beside_peer, made, positive

from voicestand.bench.figures import PARTS, kept, parts, quantile, ratio, verdict
from voicestand.bench.numbers import written
from voicestand.bench.record import Bound

samples = st.lists(positive, min_size=1, max_size=200)


@given(samples, st.floats(0, 1))
def test_quantile_is_numpys(values: list[float], q: float) -> None:
    assert quantile(values, q) == pytest.approx(float(np.quantile(values, q)), rel=1e-9)


@given(samples, samples)
def test_ratio_is_of_the_medians_and_above_one_where_ours_is_better(
    ours: list[float], peer: list[float]
) -> None:
    lower = made(ours, peer)
    expected = statistics.median(peer) / statistics.median(ours)
    assert ratio(lower, PEER) == pytest.approx(expected)
    assert ratio(made(ours, peer, better="higher"), PEER) == pytest.approx(1 / expected)


@given(samples, samples, st.floats(1e-3, 1e3))
def test_ratio_does_not_depend_on_the_unit(
    ours: list[float], peer: list[float], factor: float
) -> None:
    scaled = made([factor * one for one in ours], [factor * one for one in peer])
    assert ratio(scaled, PEER) == pytest.approx(ratio(made(ours, peer), PEER))


def test_loss_of_nothing_beside_a_loss_is_infinitely_better_and_two_of_nothing_are_even() -> None:
    assert ratio(made([0.0], [512.0]), PEER) == math.inf
    assert ratio(made([0.0], [0.0]), PEER) == 1.0
    assert ratio(made([512.0], [0.0]), PEER) == 0.0


@given(st.lists(positive, min_size=1, max_size=300), st.lists(positive, min_size=1, max_size=300))
def test_parts_cover_every_turn_and_stay_within_the_turns_ratios(
    ours: list[float], peer: list[float]
) -> None:
    found = parts(made(ours, peer), PEER)
    assert len(found) == min(PARTS, len(ours), len(peer))
    for part in found:
        assert min(peer) / max(ours) * 0.999 <= part <= max(peer) / min(ours) * 1.001


def test_disturbance_of_both_sides_does_not_change_the_ratio_of_a_part() -> None:
    disturbed = [1.0] * 50 + [9.0] * 50
    assert parts(made(disturbed, [2 * one for one in disturbed]), PEER) == [2.0] * PARTS


@pytest.mark.parametrize(("statistic", "count"), [("median", 10), ("p95", 5), ("p99", 1)])
def test_part_has_samples_enough_for_its_quantile(statistic: str, count: int) -> None:
    turns = [1.0] * 100
    assert len(parts(made(turns, turns, statistic=statistic), PEER)) == count


@given(samples, positive)
def test_own_bound_is_kept_on_its_side(ours: list[float], value: float) -> None:
    lower = verdict(made(ours, bounds=[Bound(value)]))
    assert (lower == "met") == (quantile(ours, 0.5) <= value)
    higher = verdict(made(ours, better="higher", bounds=[Bound(value)]))
    assert (higher == "met") == (quantile(ours, 0.5) >= value)


def test_claim_compares_what_it_says() -> None:
    ours = [1.0] * 90 + [50.0] * 10
    assert verdict(made(ours, bounds=[Bound(5.0)])) == "met"
    assert verdict(made(ours, statistic="p95", bounds=[Bound(5.0)])) == "missed"
    assert verdict(made(ours, statistic="max", bounds=[Bound(50.0)])) == "met"


def test_verdicts() -> None:
    absent = {"gone": "not installed"}
    assert verdict(made([1.0])) == "measured"
    assert verdict(made([1.0], [2.0], bounds=beside_peer(2.0))) == "met"
    assert verdict(made([1.0], [2.0], bounds=beside_peer(2.1))) == "missed"
    assert verdict(made([1.0], bounds=[Bound(1.0, "gone")], absent=absent)) == "open"
    both = [Bound(0.5), Bound(1.0, "gone")]
    assert verdict(made([1.0], bounds=both, absent=absent)) == "missed"
    assert [one.met for one in kept(made([1.0], bounds=both, absent=absent))] == [False, None]


@given(st.floats(0, 1e15))
def test_three_digits_are_written(value: float) -> None:
    read = float(written(value).replace(",", ""))
    assert read == pytest.approx(value, rel=6e-3)
