"""What the native ring promises to Python: exact books, and nobody waits for anybody."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.audio.readers import wait_until_read
from tests.program import wait_until

from voicestand._native import Ring, RingReader


def block(first: int, frames: int = 480, channels: int = 1) -> np.ndarray[Any, Any]:
    """Frames that hold their own number."""
    column = np.arange(first, first + frames, dtype=np.float32)[:, None]
    return np.repeat(column, channels, axis=1)


@pytest.mark.parametrize(
    "shape",
    [
        {"blocks": 0, "block_frames": 480},
        {"blocks": 4, "block_frames": 0},
        {"blocks": 4, "block_frames": 480, "channels": 0},
        {"blocks": 4, "block_frames": 480, "readers": 0},
        {"blocks": 4, "block_frames": 480, "readers": 33},
        {"blocks": 2**20, "block_frames": 2**20},
        {"blocks": 4, "block_frames": 2**63, "channels": 2**63},
    ],
    ids=str,
)
def test_a_ring_that_cannot_be_is_refused(shape: dict[str, int]) -> None:
    with pytest.raises((ValueError, OverflowError)):
        Ring(**shape)


@pytest.mark.parametrize(
    "samples",
    [
        block(0, channels=2).astype(np.float64),
        block(0),
        block(0, frames=481, channels=2),
        np.asfortranarray(block(0, channels=2)),
        block(0, frames=960, channels=2)[::2],
        block(0, channels=2)[0],
        None,
    ],
    ids=lambda samples: f"{getattr(samples, 'dtype', None)} {getattr(samples, 'strides', None)}",
)
def test_a_block_of_another_kind_is_refused_and_not_published(samples: Any) -> None:
    ring = Ring(blocks=4, block_frames=480, channels=2)
    reader = ring.reader()
    with pytest.raises((TypeError, ValueError)):
        ring.write(samples)
    with pytest.raises(TimeoutError):
        reader.read(timeout=0)


def test_what_is_written_is_what_is_read() -> None:
    ring = Ring(blocks=4, block_frames=480, channels=2)
    reader = ring.reader()
    for first, frames in ((0, 480), (480, 1), (481, 200)):
        ring.write(block(first, frames, 2))
        read = reader.read(timeout=0)
        assert read is not None
        np.testing.assert_array_equal(read[0], block(first, frames, 2))
        assert read[1:] == (first, 0)
    assert (reader.delivered, reader.lost) == (681, 0)


def test_slow_reader_is_told_how_many_frames_it_lost() -> None:
    ring = Ring(blocks=4, block_frames=10)
    slow, fast = ring.reader(), ring.reader()
    for number in range(10):
        ring.write(block(10 * number, 10))
        assert fast.read(timeout=0) is not None
    read = slow.read(timeout=0)
    assert read is not None
    samples, first, lost = read
    assert (first, lost) == (60, 60)
    assert samples[0, 0] == 60.0
    assert (slow.delivered, slow.lost) == (10, 60)
    assert (fast.delivered, fast.lost) == (100, 0)


def test_a_block_that_was_read_stays_as_it_was() -> None:
    ring = Ring(blocks=2, block_frames=10)
    reader = ring.reader()
    ring.write(block(0, 10))
    read = reader.read(timeout=0)
    assert read is not None
    for number in range(1, 20):
        ring.write(block(10 * number, 10))
    np.testing.assert_array_equal(read[0], block(0, 10))


def test_a_closed_ring_gives_what_is_there_and_then_the_end() -> None:
    ring = Ring(blocks=4, block_frames=10)
    reader = ring.reader()
    ring.write(block(0, 10))
    ring.close()
    ring.close()
    with pytest.raises(ValueError, match="closed"):
        ring.write(block(10, 10))
    assert reader.read(timeout=0) is not None
    assert reader.read() is None
    assert reader.read() is None
    assert ring.reader().read() is None


def test_a_reader_outlives_its_ring() -> None:
    ring = Ring(blocks=4, block_frames=10)
    reader = ring.reader()
    ring.write(block(0, 10))
    del ring
    assert reader.read() is not None
    assert reader.read() is None


def test_places_are_counted_and_given_back() -> None:
    ring = Ring(blocks=4, block_frames=10, readers=2)
    readers = [ring.reader(), ring.reader()]
    with pytest.raises(RuntimeError, match="place"):
        ring.reader()
    readers.pop()
    ring.reader()


def test_two_threads_on_one_reader_are_told() -> None:
    ring = Ring(blocks=4, block_frames=10)
    reader = ring.reader()
    blocked = threading.Thread(target=reader.read)
    blocked.start()
    wait_until_read(reader)
    with pytest.raises(RuntimeError, match="another thread"):
        reader.read(timeout=0)
    ring.write(block(0, 10))
    blocked.join(60)
    assert reader.delivered == 10


def test_a_reader_that_waits_is_woken_by_a_block_and_by_the_end() -> None:
    ring = Ring(blocks=4, block_frames=10)
    reader = ring.reader()
    heard: list[object] = []

    def listen() -> None:
        while (read := reader.read()) is not None:
            heard.append(read[1])

    listener = threading.Thread(target=listen)
    listener.start()
    ring.write(block(0, 10))
    wait_until(lambda: heard)
    ring.close()
    listener.join(60)
    assert heard == [0]


def test_a_time_out_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="timeout"):
        Ring(blocks=4, block_frames=10).reader().read(timeout=math.nan)


def test_readers_in_threads_see_every_block_in_order_or_know_what_they_missed() -> None:
    ring = Ring(blocks=8, block_frames=32)
    heard: dict[int, list[tuple[int, int]]] = {}
    readers = [ring.reader() for _ in range(3)]

    def listen(number: int, reader: RingReader) -> None:
        heard[number] = []
        while (read := reader.read()) is not None:
            samples, first, lost = read
            # A torn block would not hold its own numbers.
            assert samples[0, 0] == first
            assert samples[-1, 0] == first + 31
            heard[number].append((first, lost))

    threads = [threading.Thread(target=listen, args=item) for item in enumerate(readers)]
    for thread in threads:
        thread.start()
    for number in range(3_000):
        ring.write(block(32 * number, 32))
    ring.close()
    for thread in threads:
        thread.join(60)
    for number, reader in enumerate(readers):
        position = 0
        for first, lost in heard[number]:
            assert first == position + lost
            position = first + 32
        assert position == 96_000
        assert reader.delivered + reader.lost == 96_000
        assert reader.delivered == 32 * len(heard[number])


class Model(RuleBasedStateMachine):
    """The ring beside the list of everything that was ever written."""

    @initialize(blocks=st.integers(1, 9), channels=st.integers(1, 3))
    def start(self, blocks: int, channels: int) -> None:
        self.ring = Ring(blocks=blocks, block_frames=64, channels=channels)
        self.capacity = max(2, blocks)
        self.channels = channels
        self.written: list[tuple[int, int]] = []
        self.frames = 0
        self.closed = False
        self.readers: list[tuple[RingReader, list[int]]] = []

    @rule()
    def join(self) -> None:
        if len(self.readers) < 8:
            self.readers.append((self.ring.reader(), [len(self.written), self.frames, 0, 0]))

    @rule(which=st.integers(0, 7))
    def leave(self, which: int) -> None:
        if self.readers:
            self.readers.pop(which % len(self.readers))

    @rule(frames=st.integers(0, 64), times=st.integers(1, 12))
    def write(self, frames: int, times: int) -> None:
        if self.closed:
            return
        for _ in range(times):
            self.ring.write(block(self.frames, frames, self.channels))
            self.written.append((self.frames, frames))
            self.frames += frames

    @rule()
    def close(self) -> None:
        self.ring.close()
        self.closed = True

    @rule(which=st.integers(0, 7))
    def read(self, which: int) -> None:
        if not self.readers:
            return
        reader, state = self.readers[which % len(self.readers)]
        position, frame, delivered, lost = state
        position = max(position, len(self.written) - self.capacity)
        if position == len(self.written):
            if self.closed:
                assert reader.read() is None
            else:
                with pytest.raises(TimeoutError):
                    reader.read(timeout=0)
            return
        read = reader.read(timeout=0)
        assert read is not None
        first, frames = self.written[position]
        assert read[1:] == (first, first - frame)
        np.testing.assert_array_equal(read[0], block(first, frames, self.channels))
        state[:] = position + 1, first + frames, delivered + frames, lost + first - frame

    @invariant()
    def books_balance(self) -> None:
        for reader, (_, _, delivered, lost) in self.readers:
            assert (reader.delivered, reader.lost) == (delivered, lost)


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
