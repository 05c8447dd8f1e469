"""An event loop whose clock jumps to whatever comes next, and providers that behave as told."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from voicestand.routing import Kind, Provider, ProviderError

T = TypeVar("T")


class _Jump(selectors.SelectSelector):
    """Waits for nobody: what it should wait, it adds to the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everything waits for ever")
        self.now += max(0.0, timeout)
        return super().select(0)


class SimulatedLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._jump.now


def simulate(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs it in simulated time, which begins at 0."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(coroutine)


def now() -> float:
    return asyncio.get_running_loop().time()


Behaviour = Callable[[int], float | tuple[float, Kind] | tuple[float, Kind, float]]
"""Of the n-th request: seconds until it is answered, or until it fails, how, and Retry-After."""


class Scripted:
    """A provider whose answers are its name, and when it was asked."""

    def __init__(self, name: str, behave: Behaviour, **settings: Any) -> None:
        self.asked: list[float] = []
        self.cancelled = 0
        self._behave = behave
        self._name = name
        self.provider: Provider[str, str] = Provider(
            name, self._send, jitter=lambda: 1.0, **settings
        )

    async def _send(self, query: str) -> str:
        self.asked.append(now())
        number = len(self.asked) - 1
        what = self._behave(number)
        try:
            if isinstance(what, float):
                # No two answers take equally long, or each would be as late as the slowest.
                await asyncio.sleep(what * (1 + 0.01 * (number * 37 % 101) / 101))
                return f"{self._name}: {query}"
            await asyncio.sleep(what[0])
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        retry_after = what[2] if len(what) == 3 else None
        raise ProviderError(what[1], f"{self._name}: {what[1].value}", retry_after=retry_after)
