"""The C library's heap."""

from __future__ import annotations

import contextlib
import ctypes
import gc

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


def forget_session() -> None:
    """Frees what the session that has ended took, before the next one takes as much.

    It is a cycle, with a compiled network and its threads in it, and the collector comes by too
    rarely: 2.5 MB and more than one thread a session.
    """
    gc.collect()
