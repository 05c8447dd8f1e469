"""A fork whose child is a child of the parent."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path

_CLONE = {"x86_64": 56, "aarch64": 220}
"""Number of the system call clone(2)."""

_CLONE_PARENT = 0x8000


def can_fork() -> bool:
    """Whether :func:`fork_sibling` knows the system calls of this machine."""
    return os.uname().machine in _CLONE


def fork_sibling() -> int:
    """Like ``os.fork``, but the new process is a child of this one's parent.

    So that whoever asked for it can wait for it as for its own, and that it outlives this process.
    Only for a process without other threads: for their sake is all that the C library does around a
    fork, and this leaves out. Raises ``OSError``.
    """
    python, clone = ctypes.pythonapi, ctypes.PyDLL(None, use_errno=True).syscall
    clone.argtypes, clone.restype = [ctypes.c_long] * 6, ctypes.c_long
    number = _CLONE[os.uname().machine]
    python.PyOS_BeforeFork()
    pid = int(clone(number, _CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0))
    if pid == 0:
        python.PyOS_AfterFork_Child()
        return 0
    error = ctypes.get_errno()
    python.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(error, os.strerror(error))
    return pid


def children() -> set[int]:
    """Of the thread that asks, also those that have ended and were not waited for.

    NB: a child of ``fork_sibling`` is one of the thread that spawned its caller. None where the
    kernel does not tell (CONFIG_PROC_CHILDREN).
    """
    try:
        return set(map(int, Path("/proc/thread-self/children").read_text().split()))
    except OSError:
        return set()
