"""What a process of ours that works for another one does first."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


def die_with(parent: int) -> None:
    """Has the kernel kill this process when process ``parent`` (its own parent) dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was asked
        sys.exit(1)


def rename(name: str) -> None:
    """What ``ps -e`` and ``top`` show, 15 characters at most."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())


def settle(parent: int, name: str, niceness: int = 0) -> None:
    """Ties this process to process ``parent``, its own one, and leaves Ctrl-C to that."""
    die_with(parent)
    rename(name)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # a sandbox may refuse even that
        os.nice(niceness)
