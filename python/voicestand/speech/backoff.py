"""How long to wait before the next process, when the last ones died young."""

from __future__ import annotations

SHORT_LIFE_SECONDS = 1.0
"""A process that died sooner after it was ready died of something that will come again."""

BACKOFF_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Before the next process, when the last ones failed to start or lived shortly."""


class Backoff:
    """How long to wait before the next process: not at all, unless they keep dying young."""

    def __init__(self) -> None:
        self._young = 0

    def delay(self, lived: float | None) -> float:
        """Seconds to wait after a process that ``lived`` seconds; None: it never became ready."""
        if lived is not None and lived >= SHORT_LIFE_SECONDS:
            self._young = 0
        self._young += 1
        # The first death is answered at once, whatever it was.
        index = min(self._young - 2, len(BACKOFF_SECONDS) - 1)
        return BACKOFF_SECONDS[index] if index >= 0 else 0.0
