"""Claim: the ring hands blocks from thread to thread cheaper than Python's own means.

Peers: ``queue.Queue`` and a lock with a ``collections.deque``. Input: 480-frame float32 blocks, one
channel. Units: microseconds for a write and a read in one thread; microseconds from a write to the
reader running in another thread, p50 and p99, the writer pausing 1 ms between blocks.
"""

from __future__ import annotations

import queue
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from voicestand._native import Ring
from voicestand.bench.record import Bound, record

Block = NDArray[np.float32]
BLOCK = np.zeros((480, 1), np.float32)
MESSAGES = 2000
LATENCIES = 1000


class OurRing:
    name = "voicestand"

    def __init__(self) -> None:
        self._ring = Ring(blocks=256, block_frames=480)
        self._reader = self._ring.reader()

    def write(self, block: Block) -> None:
        self._ring.write(block)

    def read(self) -> object:
        return self._reader.read()


class PythonQueue:
    name = "queue.Queue"

    def __init__(self) -> None:
        self._queue: queue.Queue[Block] = queue.Queue(256)

    def write(self, block: Block) -> None:
        self._queue.put(block.copy())  # the producer will use its buffer again

    def read(self) -> object:
        return self._queue.get()


class LockedDeque:
    name = "lock and deque"

    def __init__(self) -> None:
        self._blocks: deque[Block] = deque(maxlen=256)
        self._there = threading.Condition(threading.Lock())

    def write(self, block: Block) -> None:
        with self._there:
            self._blocks.append(block.copy())
            self._there.notify()

    def read(self) -> object:
        with self._there:
            while not self._blocks:
                self._there.wait()
            return self._blocks.popleft()


Way = OurRing | PythonQueue | LockedDeque
WAYS: list[Callable[[], Way]] = [OurRing, PythonQueue, LockedDeque]


def one_thread_us(way: Way) -> float:
    began = time.perf_counter()
    for _ in range(MESSAGES):
        way.write(BLOCK)
        way.read()
    return 1e6 * (time.perf_counter() - began) / MESSAGES


def two_threads_us(way: Way) -> list[float]:
    """From each write to the moment the reader has the block."""
    written: list[float] = []
    read: list[float] = []

    def reader() -> None:
        for _ in range(LATENCIES):
            way.read()
            read.append(time.perf_counter())

    thread = threading.Thread(target=reader)
    thread.start()
    for _ in range(LATENCIES):
        time.sleep(0.001)
        written.append(time.perf_counter())
        way.write(BLOCK)
    thread.join()
    return [1e6 * (b - a) for a, b in zip(written, read, strict=True)]


def peers(found: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: times for name, times in found.items() if name != OurRing.name}


def show(capsys: pytest.CaptureFixture[str], title: str, figures: dict[str, float]) -> None:
    ours = figures[OurRing.name]
    with capsys.disabled():
        print(f"\n{title}")
        for name, figure in figures.items():
            print(f"  {name:<16}{figure:9.2f} µs   {figure / ours:5.2f} × voicestand")


@pytest.mark.benchmark(group="ring")
def test_write_and_read_of_480_frame_blocks_in_one_thread(
    benchmark: BenchmarkFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    ways = [make() for make in WAYS]
    found: dict[str, list[float]] = {way.name: [] for way in ways}

    def one_round() -> None:
        for way in ways:
            found[way.name].append(one_thread_us(way))

    benchmark.pedantic(one_round, rounds=15, warmup_rounds=1)  # type: ignore[no-untyped-call]
    record(
        "ring-python-one-thread",
        "the ring takes and gives a block cheaper than Python's own means",
        input="480-frame float32 blocks, one channel, written and read in one thread",
        unit="µs",
        ours=found[OurRing.name],
        peers=peers(found),
        bounds=[Bound(1.0, peer) for peer in peers(found)],
    )
    medians = {name: statistics.median(times) for name, times in found.items()}
    show(capsys, "write and read of a 480-frame block, one thread, median", medians)


@pytest.mark.benchmark(group="ring")
def test_publish_to_reader_running_in_another_thread(
    benchmark: BenchmarkFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    found: dict[str, list[float]] = {make().name: [] for make in WAYS}

    def one_round() -> None:
        for make in WAYS:
            way = make()
            found[way.name] += two_threads_us(way)

    benchmark.pedantic(one_round, rounds=3)  # type: ignore[no-untyped-call]
    for statistic in ("median", "p99"):
        record(
            f"ring-python-wake-{statistic}",
            f"a reader in another thread runs sooner than with Python's own means, {statistic}",
            input="480-frame float32 blocks, one channel, 1 ms between them",
            unit="µs",
            statistic=statistic,
            ours=found[OurRing.name],
            peers=peers(found),
            bounds=[Bound(1.0, peer) for peer in peers(found)],
        )
    for percent in (50, 99):
        quantile = {name: float(np.percentile(us, percent)) for name, us in found.items()}
        show(capsys, f"write of a 480-frame block to reader running, p{percent}", quantile)
