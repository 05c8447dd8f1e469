"""A channel's recent audio in anonymous shared memory, addressed by the audio clock."""

from __future__ import annotations

import mmap
import os

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 16_000
"""Hz of everything a recognizer hears."""

PIECE = 16 * mmap.PAGESIZE // 2
"""Samples (about two seconds) whose memory is given back together: one system call each."""

_SAMPLE_BYTES = 2

Pcm = npt.NDArray[np.int16]


def to_pcm(samples: npt.NDArray[np.float32]) -> Pcm:
    """``samples`` (full scale 1.0) as 16-bit PCM.

    Scaled by 32768, so that 16-bit audio that was divided by it comes back unchanged; rounded to
    the nearest; clipped to [-32768, 32767]. A sample that is not a number becomes 0.
    """
    # Not at the top: the worker's process reads the log, and does without the native library.
    from voicestand._native import to_int16

    # NB: five calls of NumPy instead took a quarter of the listener's time: between two windows
    # the recognizers have the caches, so what is called costs more than what it computes.
    return to_int16(np.ascontiguousarray(samples, dtype=np.float32))


class _Mapping:
    """A circular file of samples: the sample with absolute index i is at i modulo capacity."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.capacity = os.fstat(fd).st_size // _SAMPLE_BYTES
        """Samples."""
        self._memory = mmap.mmap(fd, self.capacity * _SAMPLE_BYTES)
        self._samples: Pcm = np.frombuffer(self._memory, dtype=np.int16)

    @property
    def fd(self) -> int:
        """The descriptor of the memory, to hand to a reader; -1 once closed."""
        return self._fd

    def close(self) -> None:
        """Unmaps the memory and closes the descriptor; a second call does nothing."""
        if self._fd < 0:
            return
        del self._samples
        self._memory.close()
        os.close(self._fd)
        self._fd = -1

    def read(self, start: int, end: int) -> Pcm:
        """A copy of the samples ``start`` to ``end`` (absolute indices).

        Nobody checks that they are still there, or there yet: the writer announces samples after
        it wrote them, and keeps what a reader was told to read. Raises ``ValueError`` for a range
        that the log cannot hold.
        """
        if not 0 <= end - start <= self.capacity:
            raise ValueError(f"cannot read {end - start} samples of a log of {self.capacity}")
        at = start % self.capacity
        first = min(end - start, self.capacity - at)
        out = np.empty(end - start, dtype=np.int16)
        out[:first] = self._samples[at : at + first]
        out[first:] = self._samples[: end - start - first]
        return out


class AudioLogReader(_Mapping):
    """The worker's side of a log. Takes ownership of ``fd``."""


class AudioLog(_Mapping):
    """The writer's side of a log that keeps at least the last ``capacity`` samples.

    The memory is a memfd: it has no name in the file system and vanishes with the last process
    that holds it, so that not even ``kill -9`` leaves anything behind. What was never written, or
    was released, takes no memory. One thread writes and releases. Raises ``ValueError`` for a
    capacity that is not positive.
    """

    def __init__(self, capacity: int) -> None:
        if capacity <= 0:
            raise ValueError(f"the capacity of an audio log must be positive, not {capacity}")
        fd = os.memfd_create("voicestand-audio", os.MFD_CLOEXEC)
        os.ftruncate(fd, -(-capacity // PIECE) * PIECE * _SAMPLE_BYTES)
        super().__init__(fd)
        self.head = 0
        """Absolute index of the next sample."""
        self.tail = 0
        """Absolute index of the oldest sample that is still there."""

    def write(self, samples: npt.NDArray[np.float32]) -> None:
        """Appends ``samples`` (full scale 1.0); once the log is full the oldest are overwritten."""
        pcm = to_pcm(samples)
        kept = pcm[-self.capacity :]
        at = (self.head + len(pcm) - len(kept)) % self.capacity
        first = min(len(kept), self.capacity - at)
        self._samples[at : at + first] = kept[:first]
        self._samples[: len(kept) - first] = kept[first:]
        self.head += len(pcm)
        self.tail = max(self.tail, self.head - self.capacity)

    def release(self, before: int) -> None:
        """Lets go of the samples older than ``before``, and of their memory, in whole pieces."""
        end = min(before, self.head) // PIECE * PIECE
        # A piece that is partly overwritten already is the one the head is in.
        start = -(-self.tail // PIECE) * PIECE
        if end <= start:
            return
        self.tail = end
        for first, last in self._contiguous(start, end):
            self._memory.madvise(
                mmap.MADV_REMOVE, first * _SAMPLE_BYTES, (last - first) * _SAMPLE_BYTES
            )

    def _contiguous(self, start: int, end: int) -> list[tuple[int, int]]:
        """Where the samples ``start`` to ``end`` lie in the memory: one range, or two."""
        at = start % self.capacity
        stop = at + end - start
        if stop <= self.capacity:
            return [(at, stop)]
        return [(at, self.capacity), (0, stop - self.capacity)]
