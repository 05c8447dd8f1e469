"""Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

K = 60
"""The paper's constant: how little the first rank of one list outweighs a place in several."""


def fused(rankings: Iterable[Sequence[int]]) -> list[tuple[int, float]]:
    """The members of all lists with Σ 1/(K + rank), the best first; of equals the smaller number.

    Each list is the best first, none twice.
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, member in enumerate(ranking, 1):
            scores[member] = scores.get(member, 0.0) + 1 / (K + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
