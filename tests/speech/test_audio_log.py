"""The log of a channel's audio: what was written is what is read, and silence costs no memory."""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicestand.speech.audio_log import PIECE, AudioLog, AudioLogReader, Pcm, to_pcm

writes = st.lists(
    st.tuples(st.integers(0, 2 * PIECE), st.integers(0, 3 * PIECE)), min_size=1, max_size=12
)


def audio(start: int, count: int) -> Pcm:
    """Samples that tell their own absolute index."""
    return ((np.arange(start, start + count) * 7919) % 65521 % 32768).astype(np.int16)


def floats(pcm: Pcm) -> npt.NDArray[np.float32]:
    return pcm.astype(np.float32) / np.float32(32768)


def names(folder: str) -> set[str]:
    return {entry.name for entry in Path(folder).iterdir()}


def resident(log: AudioLog) -> int:
    return os.fstat(log.fd).st_blocks * 512


@settings(max_examples=60, deadline=None)
@given(pieces=st.integers(1, 4), steps=writes)
def test_everything_between_tail_and_head_is_what_was_written(
    pieces: int, steps: list[tuple[int, int]]
) -> None:
    log = AudioLog(pieces * PIECE)
    reader = AudioLogReader(os.dup(log.fd))
    try:
        for count, keep in steps:
            log.write(floats(audio(log.head, count)))
            assert log.head - log.tail <= log.capacity
            np.testing.assert_array_equal(
                reader.read(log.tail, log.head), audio(log.tail, log.head - log.tail)
            )
            tail, before = log.tail, max(0, log.head - keep)
            log.release(before)
            assert tail <= log.tail <= max(before, tail)
            np.testing.assert_array_equal(
                reader.read(log.tail, log.head), audio(log.tail, log.head - log.tail)
            )
            # Whole pieces are given back: at most the one before the tail stays in memory.
            assert resident(log) <= (log.head - log.tail + 2 * PIECE) * 2
    finally:
        reader.close()
        log.close()


def test_an_hour_of_silence_takes_no_more_memory_than_what_is_kept() -> None:
    log = AudioLog(600 * 16000)
    minute = np.zeros(60 * 16000, dtype=np.float32)
    for _ in range(60):
        log.write(minute)
        log.release(log.head - 10 * 16000)
    assert resident(log) <= (10 * 16000 + 2 * PIECE) * 2
    log.close()


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50))
def test_16_bit_audio_survives_the_way_through_floats(values: list[int]) -> None:
    pcm = np.array(values, dtype=np.int16)
    np.testing.assert_array_equal(to_pcm(floats(pcm)), pcm)


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (1.0, 32767),
        (5.0, 32767),
        (-1.0, -32768),
        (-9.0, -32768),
        (np.inf, 32767),
        (-np.inf, -32768),
        (np.nan, 0),
        (0.4 / 32768, 0),
        (0.6 / 32768, 1),
        (-1.6 / 32768, -2),
    ],
)
def test_samples_are_clipped_and_rounded_to_the_nearest(sample: float, expected: int) -> None:
    assert to_pcm(np.array([sample], dtype=np.float32))[0] == expected


def test_a_log_leaves_no_descriptor_and_no_name_behind() -> None:
    before = names("/proc/self/fd")
    shm = names("/dev/shm")
    log = AudioLog(16000)
    log.close()
    log.close()
    assert names("/proc/self/fd") == before
    assert names("/dev/shm") == shm
