"""Whoever watches the process is told that it works only while all of it does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.program import wait_until

from voicestand import Engine
from voicestand.session.listener import Listener
from voicestand.session.pulse import Pulse


class HangingEar:
    """Hangs in what it is given first, as an inference driver may, until it is let go."""

    def __init__(self) -> None:
        self.hears, self.goes_on = threading.Event(), threading.Event()

    def hear(self, *_: object) -> None:
        self.hears.set()
        self.goes_on.wait()

    def finish(self, *_: object) -> None:
        pass


@pytest.fixture
def ear() -> HangingEar:
    return HangingEar()


@pytest.fixture
def source() -> Iterator[Any]:
    engine = Engine(sample_rate=16_000, channels=1, roles=[[0]])
    yield SimpleNamespace(
        engine=engine, name="s", live=True, damaged=None, trouble=lambda: None, stop=engine.finish
    )
    engine.close()


def test_a_listener_that_hangs_is_not_called_alive(source: Any, ear: HangingEar) -> None:
    listener = Listener(source, [ear], lambda _: None)  # type: ignore[list-item]
    told: list[None] = []
    pulse = Pulse(lambda: told.append(None))

    def beats() -> bool:
        before = len(told)
        pulse.beat([listener])
        return len(told) > before

    listener.start()
    wait_until(beats, "the first turn")
    wait_until(beats, "a turn without audio")  # it looks around though nothing comes
    source.engine.push(np.zeros((16_000, 1), np.float32))
    assert ear.hears.wait(30)
    beats()  # the turn in which it began to hang
    assert not any(beats() for _ in range(100))
    ear.goes_on.set()
    wait_until(beats, "the turn after")
    source.engine.finish()
    listener.join()
    assert beats()  # the loop alone, once all has been heard
