"""The C library's heap."""

from __future__ import annotations

import contextlib
import ctypes

_M_MMAP_THRESHOLD = -3  # of mallopt(3)

LARGE = 128 * 1024
"""Bytes from which on a block of memory goes back to the system as soon as it is freed."""


def trim() -> None:
    """Gives the system back what was freed: some 5 MB once a network is compiled, kept for good.

    And from now on what is freed in large blocks. glibc would raise that limit to the largest block
    that was ever freed, tens of megabytes here, and such blocks leave holes in the heap of a
    process that runs for days. Where the C library is not glibc, nothing happens.
    """
    with contextlib.suppress(AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, LARGE)
        library.malloc_trim(0)
