"""What a block borrowed from the native ring promises: no copy, no change, no harm."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from numpy.typing import NDArray

from voicestand._native import Ring, RingReader


def block(first: int, frames: int = 10, channels: int = 1) -> NDArray[np.float32]:
    """Frames that hold their own number."""
    column = np.arange(first, first + frames, dtype=np.float32)[:, None]
    return np.repeat(column, channels, axis=1)


def borrowed(reader: RingReader) -> NDArray[np.float32]:
    read = reader.borrow(timeout=0)
    assert read is not None
    return read[0]


def test_what_is_borrowed_is_what_was_written() -> None:
    ring = Ring(blocks=4, block_frames=480, channels=2)
    reader = ring.reader()
    arrays = []
    for first, frames in ((0, 480), (480, 0), (480, 1), (481, 200)):
        ring.write(block(first, frames, 2))
        read = reader.borrow(timeout=0)
        assert read is not None
        assert read[1:] == (first, 0)
        arrays.append(read[0])
    for (first, frames), array in zip(
        ((0, 480), (480, 0), (480, 1), (481, 200)), arrays, strict=True
    ):
        assert array.dtype == np.float32
        assert array.flags.c_contiguous
        assert not array.flags.owndata
        np.testing.assert_array_equal(array, block(first, frames, 2))
    assert (reader.delivered, reader.lost) == (681, 0)


def test_two_readers_that_borrow_a_block_share_its_memory() -> None:
    ring = Ring(blocks=4, block_frames=10)
    one, two = ring.reader(), ring.reader()
    ring.write(block(0))
    first, second = borrowed(one), borrowed(two)
    assert np.shares_memory(first, second)
    assert first.ctypes.data % 64 == 0


def test_a_borrowed_block_cannot_be_written() -> None:
    ring = Ring(blocks=4, block_frames=10)
    reader = ring.reader()
    ring.write(block(0))
    array = borrowed(reader)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.flags.writeable = True
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.view().flags.writeable = True
    with pytest.raises(TypeError, match="read-only"):
        array.data[0, 0] = 1


def test_a_borrowed_block_stays_as_it_is_while_the_ring_goes_round() -> None:
    ring = Ring(blocks=2, block_frames=10, pins=1)
    reader = ring.reader()
    ring.write(block(0))
    array = borrowed(reader)
    for number in range(1, 200):
        ring.write(block(10 * number))
    np.testing.assert_array_equal(array, block(0))


def test_who_wants_one_block_more_than_there_are_pins_is_told_and_loses_nothing() -> None:
    ring = Ring(blocks=8, block_frames=10, pins=2)
    reader = ring.reader()
    for number in range(4):
        ring.write(block(10 * number))
    first, second = borrowed(reader), borrowed(reader)
    assert ring.pinned == 2
    with pytest.raises(BufferError, match=r"2 blocks are borrowed.*read\(\)"):
        reader.borrow(timeout=0)
    copied = reader.read(timeout=0)
    assert copied is not None
    assert copied[1:] == (20, 0)
    del first
    assert ring.pinned == 1
    third = borrowed(reader)
    np.testing.assert_array_equal(third, block(30))
    np.testing.assert_array_equal(second, block(10))
    assert (reader.delivered, reader.lost) == (40, 0)


def test_a_ring_without_pins_still_says_when_there_is_nothing() -> None:
    ring = Ring(blocks=8, block_frames=10, pins=0)
    reader = ring.reader()
    with pytest.raises(TimeoutError):
        reader.borrow(timeout=0)
    ring.write(block(0))
    with pytest.raises(BufferError, match="0 blocks"):
        reader.borrow(timeout=0)
    assert reader.read(timeout=0) is not None
    ring.close()
    assert reader.borrow() is None


@pytest.mark.parametrize("pins", [-1, 1025, 2**63])
def test_pins_that_cannot_be_are_refused(pins: int) -> None:
    with pytest.raises((ValueError, OverflowError)):
        Ring(blocks=4, block_frames=10, pins=pins)


def test_a_view_of_a_borrowed_block_keeps_it() -> None:
    ring = Ring(blocks=2, block_frames=10)
    reader = ring.reader()
    ring.write(block(0))
    view = borrowed(reader)[3:7, 0]
    for number in range(1, 50):
        ring.write(block(10 * number))
    gc.collect()
    assert ring.pinned == 1
    np.testing.assert_array_equal(view, [3, 4, 5, 6])
    del view
    assert ring.pinned == 0


def test_a_borrowed_block_outlives_its_reader_and_its_ring() -> None:
    ring = Ring(blocks=2, block_frames=10)
    reader = ring.reader()
    ring.write(block(0))
    array = borrowed(reader)
    ring.close()
    del ring, reader
    gc.collect()
    np.testing.assert_array_equal(array, block(0))


def test_a_borrowed_block_may_be_let_go_by_another_thread() -> None:
    ring = Ring(blocks=4, block_frames=10, pins=1)
    reader = ring.reader()
    box: list[NDArray[np.float32]] = []
    for number in range(200):
        ring.write(block(10 * number))
        box.append(borrowed(reader))
        thread = threading.Thread(target=box.clear)
        thread.start()
        thread.join(60)
        assert ring.pinned == 0


def test_a_borrow_that_waits_is_woken_and_holds_no_pin_meanwhile() -> None:
    ring = Ring(blocks=4, block_frames=10, pins=1)
    waiting, other = ring.reader(), ring.reader()
    heard: list[Any] = []
    started = threading.Event()

    def listen() -> None:
        started.set()
        heard.append(waiting.borrow(timeout=60))

    thread = threading.Thread(target=listen)
    thread.start()
    started.wait(60)
    assert ring.pinned == 0
    ring.write(block(0))
    thread.join(60)
    np.testing.assert_array_equal(heard[0][0], block(0))
    with pytest.raises(BufferError):
        other.borrow(timeout=0)


def test_a_fork_keeps_what_is_borrowed_and_refuses_the_reader() -> None:
    script = """
        import os, sys
        import numpy as np
        from voicestand._native import Ring
        ring = Ring(blocks=4, block_frames=10)
        reader = ring.reader()
        ring.write(np.full((10, 1), 7, np.float32))
        array = reader.borrow(timeout=0)[0]
        child = os.fork()
        if child == 0:
            try:
                assert (array == 7).all()
                try:
                    reader.borrow()
                except RuntimeError as error:
                    assert "fork" in str(error), error
                else:
                    os._exit(4)
                del array
                assert ring.pinned == 0
                os._exit(0)
            except BaseException as error:
                print(error, file=sys.stderr)
                os._exit(3)
        _, status = os.waitpid(child, 0)
        assert ring.pinned == 1 and (array == 7).all()
        sys.exit(os.waitstatus_to_exitcode(status))
    """
    run_script(script)


def test_garbage_at_the_end_of_the_interpreter_is_no_harm() -> None:
    script = """
        import numpy as np, sys, threading
        from voicestand._native import Ring
        ring = Ring(blocks=4, block_frames=10)
        reader = ring.reader()
        ring.write(np.zeros((10, 1), np.float32))
        array = reader.borrow(timeout=0)[0]
        cycle = [array, reader, ring]
        cycle.append(cycle)
        sys.keep = cycle  # outlives every module
        threading.Thread(target=ring.reader().borrow, daemon=True).start()
    """
    run_script(script)


def run_script(script: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert (done.returncode, done.stderr) == (0, "")


class Lending(RuleBasedStateMachine):
    """Readers that borrow and give back in any order, beside the list of what was written."""

    @initialize(
        blocks=st.integers(1, 9),
        channels=st.integers(1, 3),
        pins=st.integers(0, 5),
        readers=st.integers(1, 3),
    )
    def start(self, blocks: int, channels: int, pins: int, readers: int) -> None:
        self.ring = Ring(blocks=blocks, block_frames=16, channels=channels, pins=pins)
        self.capacity = max(2, blocks)
        self.channels = channels
        self.pins = pins
        self.written: list[tuple[int, int]] = []
        self.frames = 0
        self.readers = [(self.ring.reader(), [0, 0]) for _ in range(readers)]
        self.lent: list[tuple[NDArray[np.float32], int, int]] = []

    @rule(frames=st.integers(0, 16), times=st.integers(1, 30))
    def write(self, frames: int, times: int) -> None:
        for _ in range(times):
            self.ring.write(block(self.frames, frames, self.channels))
            self.written.append((self.frames, frames))
            self.frames += frames

    @rule(which=st.integers(0, 2), keep=st.booleans())
    def read(self, which: int, keep: bool) -> None:
        reader, state = self.readers[which % len(self.readers)]
        position = max(state[0], len(self.written) - self.capacity)
        fetch = reader.borrow if keep else reader.read
        if position == len(self.written):
            with pytest.raises(TimeoutError):
                fetch(timeout=0)
            return
        if keep and len(self.lent) == self.pins:
            with pytest.raises(BufferError):
                fetch(timeout=0)
            return
        read = fetch(timeout=0)
        assert read is not None
        first, frames = self.written[position]
        assert read[1:] == (first, first - state[1])
        np.testing.assert_array_equal(read[0], block(first, frames, self.channels))
        state[:] = position + 1, first + frames
        if keep:
            self.lent.append((read[0], first, frames))

    @rule(which=st.integers(0, 4))
    def give_back(self, which: int) -> None:
        if self.lent:
            self.lent.pop(which % len(self.lent))

    @invariant()
    def what_is_lent_stays_as_it_was(self) -> None:
        assert self.ring.pinned == len(self.lent)
        for array, first, frames in self.lent:
            np.testing.assert_array_equal(array, block(first, frames, self.channels))


TestLending = Lending.TestCase
TestLending.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
