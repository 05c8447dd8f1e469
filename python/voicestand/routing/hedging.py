"""How many requests may be doubled (Dean and Barroso, *The Tail at Scale*, 2013)."""

from __future__ import annotations

PRICE = 10
"""Requests that earn one hedge: at most 10 % more are sent."""

SAVED = 3
"""Hedges that can be saved up: when everything becomes slow at once, doubling does not help."""


class HedgeBudget:
    """Counts in whole requests, so that the share is exact."""

    def __init__(self) -> None:
        self._earned = 0

    def earn(self) -> None:
        """A request was made."""
        self._earned = min(self._earned + 1, PRICE * SAVED)

    def spend(self) -> bool:
        """Whether one more may be sent; it then must be."""
        if self._earned < PRICE:
            return False
        self._earned -= PRICE
        return True
