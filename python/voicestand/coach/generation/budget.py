"""What asking language models may cost in one conversation."""

from __future__ import annotations

from dataclasses import dataclass

from voicestand.coach.generation.prompt import MOST_WRITTEN

CHARACTERS = 3.5
"""Of English text in a token, about; fewer than usual, so that the estimate is no less."""


@dataclass(frozen=True)
class Use:
    """Tokens of one request, and what they cost."""

    read: int
    written: int
    cost: float = 0.0


class Budget:
    """Counts what was used; not to be shared between threads."""

    def __init__(self, tokens: int, money: float) -> None:
        """``money`` 0: no limit."""
        self._tokens = tokens
        self._money = money
        self.read = 0
        self.written = 0
        self.cost = 0.0

    def allows(self, characters: int, dearest: tuple[float, float]) -> bool:
        """Whether a question of so many characters, and the longest answer, are within it.

        ``dearest``: the prices of a million tokens read and written, where they are highest.
        """
        read = estimated(characters)
        within = self.read + self.written + read + MOST_WRITTEN <= self._tokens
        cost = (read * dearest[0] + MOST_WRITTEN * dearest[1]) / 1e6
        return within and (not self._money or self.cost + cost <= self._money)

    def spend(self, use: Use) -> None:
        """It was used."""
        self.read += use.read
        self.written += use.written
        self.cost += use.cost


def estimated(characters: int) -> int:
    """Tokens in so many characters, about."""
    return round(characters / CHARACTERS) + 1
