"""``vs.Pool``: memory that is there beforehand, and misuse of it."""

from __future__ import annotations

import gc
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import voicestand as vs


def used(pool: vs.Pool) -> list[int]:
    return [one["used"] for one in pool.stats()["classes"]]


def test_a_block_comes_from_the_smallest_class_that_has_one() -> None:
    pool = vs.Pool(small=1, medium=1, large=1)
    blocks = [pool.take(nbytes) for nbytes in (1024, 1000, 20_000)]
    assert used(pool) == [1, 1, 1]
    assert [block.nbytes for block in blocks] == [len(block) for block in blocks]
    assert not any(block.fallback for block in blocks)
    assert pool.take(1).fallback
    stats = pool.stats()
    assert [one["bytes"] for one in stats["classes"]] == [1024, 16_384, 262_144]
    assert (stats["misses"], stats["fallbacks"]) == (1, 1)


def test_an_array_is_the_blocks_memory_aligned_for_every_vector() -> None:
    pool = vs.Pool(small=4, medium=0, large=0)
    for _ in range(4):
        block = pool.take(512)
        samples = block.array(np.float32)
        assert samples.shape == (128,)
        assert samples.dtype == np.float32
        assert samples.ctypes.data % 64 == 0
        samples[:] = np.arange(128)
        assert bytes(memoryview(block)) == samples.tobytes()
        assert np.array_equal(block.array("f4"), samples)


def test_a_released_block_serves_again_but_not_while_an_array_looks_at_it() -> None:
    pool = vs.Pool(small=1, medium=0, large=0)
    block = pool.take(64)
    samples = block.array(np.float32)
    samples[:] = 7
    block.release()
    assert used(pool) == [1, 0, 0]
    other = pool.take(64)
    assert other.fallback  # the only block still belongs to the array
    other.array(np.uint8)[:] = 255
    view = samples[3:]
    del samples
    assert (view == 7).all()
    del view
    gc.collect()
    assert used(pool) == [0, 0, 0]
    assert not pool.take(64).fallback


def test_an_array_outlives_block_and_pool() -> None:
    pool = vs.Pool(small=1, medium=0, large=0)
    samples = pool.take(1024).array(np.int16)
    samples[:] = 3
    del pool
    gc.collect()
    assert (samples == 3).all()


def test_a_forgotten_block_goes_back() -> None:
    pool = vs.Pool(small=1, medium=0, large=0)
    pool.take(1)
    gc.collect()
    assert used(pool) == [0, 0, 0]


def test_a_block_is_released_at_the_end_of_with_even_if_that_was_done_inside() -> None:
    pool = vs.Pool(small=1, medium=0, large=0)
    with pool.take(16) as block:
        assert used(pool) == [1, 0, 0]
    assert used(pool) == [0, 0, 0]
    with pytest.raises(ValueError, match="was released"):
        block.array(np.uint8)
    with pool.take(16) as block:
        block.release()


def test_use_after_release_and_double_release_are_errors() -> None:
    block = vs.Pool(small=1).take(16)
    block.release()
    with pytest.raises(ValueError, match="the block was released: take another one"):
        block.release()
    with pytest.raises(ValueError, match="was released"):
        block.array(np.float32)
    with pytest.raises(BufferError, match="was released"):
        memoryview(block)
    with pytest.raises(ValueError, match="was released"), block:
        pass


@pytest.mark.parametrize(
    ("dtype", "error", "message"),
    [
        (np.float64, ValueError, "a block of 20 bytes is no whole number of float64 of 8 bytes"),
        (object, TypeError, "Python objects"),
        ("nonsense", TypeError, "nonsense"),
        ("S0", ValueError, "no whole number"),
    ],
)
def test_a_dtype_that_does_not_fit_is_refused(
    dtype: Any, error: type[Exception], message: str
) -> None:
    block = vs.Pool(small=1).take(20)
    with pytest.raises(error, match=message):
        block.array(dtype)


def test_a_pool_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="65536 blocks of one size: at most 65535"):
        vs.Pool(small=65_536)
    with pytest.raises((OverflowError, TypeError)):
        vs.Pool(small=-1)
    with pytest.raises(MemoryError, match="bytes: there is no memory for it"):
        vs.Pool(small=0, medium=0, large=0).take(1 << 62)


def test_a_block_of_nothing_is_fine() -> None:
    block = vs.Pool(small=1).take(0)
    assert block.array(np.float32).size == 0
    assert len(memoryview(block)) == 0


@given(
    blocks=st.tuples(*[st.integers(0, 3)] * 3),
    steps=st.lists(st.tuples(st.integers(0, 300_000), st.booleans(), st.integers(0, 9))),
)
@settings(max_examples=60, deadline=None)
def test_its_books_are_those_of_what_is_held(
    blocks: tuple[int, int, int], steps: list[tuple[int, bool, int]]
) -> None:
    pool = vs.Pool(small=blocks[0], medium=blocks[1], large=blocks[2])
    held: list[tuple[vs.PoolBlock, Any]] = []
    for mark, (nbytes, take, which) in enumerate(steps):
        if take:
            block = pool.take(nbytes)
            array = block.array(np.uint8)
            array[:] = mark % 256
            held.append((block, (array, mark % 256)))
        elif held:
            block, (array, expected) = held.pop(which % len(held))
            assert (array == expected).all()
            block.release()
            del array, block
        stats = pool.stats()
        from_pool = sum(not block.fallback for block, _ in held)
        assert sum(used(pool)) == from_pool
        assert stats["fallbacks_in_use"] == len(held) - from_pool
        for one in stats["classes"]:
            assert one["used"] <= one["high_water"] <= one["blocks"]


def test_many_threads_share_it() -> None:
    pool = vs.Pool(small=3, medium=0, large=0)
    trouble = []

    def work(mark: int) -> None:
        for _ in range(2000):
            with pool.take(256) as block:
                array = block.array(np.uint8)
                array[:] = mark
                if not (array == mark).all():
                    trouble.append(mark)
                del array

    threads = [threading.Thread(target=work, args=(mark,)) for mark in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not trouble
    assert used(pool) == [0, 0, 0]
