"""The token bucket that keeps requests below a provider's limit.

aiolimiter waits until there is a token; here another provider is asked instead, so what must be
known is when there will be one.
"""

from __future__ import annotations


class TokenBucket:
    """Full at first. Its time is what it is given as ``now``, seconds."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = float(burst)
        self._at: float | None = None

    def ready_at(self, now: float) -> float:
        """When there will be a token: ``now``, or later."""
        self._fill(now)
        return now if self._tokens >= 1.0 else now + (1.0 - self._tokens) / self._per_second

    def take(self, now: float) -> bool:
        """Takes one, if there is one."""
        if self.ready_at(now) > now:
            return False
        self._tokens -= 1.0
        return True

    def _fill(self, now: float) -> None:
        if self._at is not None:
            self._tokens = min(
                self._burst, self._tokens + max(0.0, now - self._at) * self._per_second
            )
        self._at = now
