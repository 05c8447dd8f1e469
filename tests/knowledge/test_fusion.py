"""Several rankings become one, by ranks alone."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from voicestand.knowledge.fusion import K, fused

RANKINGS = st.lists(st.lists(st.integers(0, 30), unique=True, max_size=20), max_size=4)


@given(RANKINGS)
@settings(max_examples=100)
def test_everything_ranked_is_there_once_with_the_sum_of_its_reciprocal_ranks(
    rankings: list[list[int]],
) -> None:
    found = dict(fused(rankings))
    assert found.keys() == {member for ranking in rankings for member in ranking}
    for member, score in found.items():
        ranks = [ranking.index(member) + 1 for ranking in rankings if member in ranking]
        assert abs(score - sum(1 / (K + rank) for rank in ranks)) < 1e-12


@given(RANKINGS)
@settings(max_examples=100)
def test_the_best_come_first_and_the_order_of_the_rankings_does_not_matter(
    rankings: list[list[int]],
) -> None:
    found = fused(rankings)
    assert [score for _, score in found] == sorted((s for _, s in found), reverse=True)
    again = dict(fused(reversed(rankings)))
    assert all(abs(again[member] - score) < 1e-12 for member, score in found)


@given(st.lists(st.integers(0, 30), unique=True, max_size=20))
@settings(max_examples=50)
def test_one_ranking_keeps_its_order(ranking: list[int]) -> None:
    assert [member for member, _ in fused([ranking, []])] == ranking


def test_second_in_both_is_before_first_in_one() -> None:
    assert [member for member, _ in fused([[1, 2], [3, 2]])] == [2, 1, 3]
