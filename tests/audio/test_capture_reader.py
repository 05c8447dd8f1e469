"""What a reader of the frames as the source gave them is told: all of them, or how many it lost."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestand._native import CaptureReader, Engine

RATE = 48_000


def engine(ring_seconds: float = 1.0) -> Engine:
    return Engine(
        sample_rate=RATE,
        channels=2,
        roles=[[0]],
        block_frames=64,
        ring_seconds=ring_seconds,
        follow_monotonic=True,
    )


def numbered(first: int, frames: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Frames whose left sample is their index, and whose right one its negative."""
    index = np.arange(first, first + frames, dtype=np.float32)
    return np.stack([index, -index], axis=1)


def everything(reader: CaptureReader) -> list[tuple[int, int, int, int]]:
    """(first frame, frames, lost, missing) of each block; checks the indices."""
    blocks, clock = [], 0
    while (block := reader.read(timeout=10)) is not None:
        assert block.samples.dtype == np.float32
        assert block.first_frame == clock + block.lost + block.missing
        clock = block.first_frame + len(block.samples)
        blocks.append((block.first_frame, len(block.samples), block.lost, block.missing))
    return blocks


def test_a_block_says_when_it_was_published_and_when_its_reader_had_it() -> None:
    source = engine()
    reader = source.capture_reader()
    began = time.monotonic()
    source.push(numbered(0, 64), adc_time=began - 1.0)
    pushed = time.monotonic()
    block = reader.read(timeout=10)
    assert block is not None
    assert began <= block.published_time <= pushed <= block.read_time <= time.monotonic()
    source.close()


@given(parts=st.lists(st.integers(1, 200), min_size=1, max_size=8))
def test_every_frame_arrives_as_it_was_with_its_time(parts: list[int]) -> None:
    source = engine()
    reader = source.capture_reader()
    began, first = time.monotonic() - 1.0, 0
    for frames in parts:
        source.push(numbered(first, frames), adc_time=began + first / RATE)
        first += frames
    source.finish()
    heard = []
    while (block := reader.read(timeout=10)) is not None:
        heard.append(block.samples)
        assert block.adc_time == pytest.approx(began + block.first_frame / RATE, abs=1e-6)
        assert (block.lost, block.missing, block.flags) == (0, 0, 0)
    np.testing.assert_array_equal(np.concatenate(heard), numbered(0, first))
    assert (reader.delivered, reader.lost) == (first, 0)
    source.close()


@given(blocks=st.integers(1, 60))
def test_a_late_reader_is_told_exactly_what_it_lost(blocks: int) -> None:
    source = engine(ring_seconds=0.01)
    reader = source.capture_reader()
    for number in range(blocks):
        source.push(numbered(64 * number, 64))
    source.finish()
    told = everything(reader)
    assert sum(frames for _, frames, _, _ in told) == reader.delivered
    assert sum(lost for _, _, lost, _ in told) == reader.lost
    assert reader.delivered + reader.lost == 64 * blocks
    assert (reader.lost > 0) == (told[0][0] > 0)
    source.close()


def test_frames_of_an_absence_are_missing_and_neither_delivered_nor_lost() -> None:
    source = engine()
    reader = source.capture_reader()
    now = time.monotonic() - 1.0
    source.push(numbered(0, 64), adc_time=now)
    source.interrupt()
    source.advance(now + 0.1)
    source.push(numbered(0, 64), adc_time=now + 0.25)
    source.finish()
    (_, first), (later, second), *rest = [(block[0], block[1:]) for block in everything(reader)]
    assert (first, second, rest) == ((64, 0, 0), (64, 0, later - 64), [])
    assert later == pytest.approx(0.25 * RATE, abs=2)
    assert (reader.delivered, reader.lost) == (128, 0)
    source.close()


def test_who_waits_in_vain_is_told_and_an_eighth_reader_has_no_place() -> None:
    source = engine()
    readers = [source.capture_reader() for _ in range(7)]
    with pytest.raises(TimeoutError, match="no audio"):
        readers[0].read(timeout=0)
    with pytest.raises(RuntimeError, match="too many capture readers"):
        source.capture_reader()
    readers.pop()
    readers.append(source.capture_reader())
    source.close()
    assert readers[0].read(timeout=10) is None
