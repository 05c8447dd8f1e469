"""How urgently a thread is scheduled."""

from __future__ import annotations

import threading
from typing import Literal

from voicestand import _native
from voicestand.cpu import rtkit

Granted = Literal["realtime", "rtkit", "nice", "none"]
"""``realtime``: SCHED_FIFO, by this process's own right. ``rtkit``: SCHED_RR, from rtkit.
``nice``: a larger share of a busy CPU. ``none``: scheduled as before."""

PRIORITY = 10
"""Below any audio server's threads, so that none of them is ever delayed."""


def promote(priority: int = PRIORITY) -> Granted:
    """Asks for real-time ``priority`` (1 to 99) for the calling thread; says what was granted.

    SCHED_FIFO where that is permitted, else SCHED_RR from rtkit (at most what it allows, usually
    20), else a negative niceness, else nothing: refusal is an answer, not an error. May wait for
    rtkit for some seconds. What rtkit grants limits how long any real-time thread of this process
    may compute without blocking to 100 ms; one that exceeds it becomes an ordinary one.

    A thread with real-time priority must block regularly. Never call it in an audio callback; the
    audio server has promoted that thread itself. Raises ``ValueError`` for another priority.
    """
    granted = _native.promote(priority)
    if granted == "realtime":
        return "realtime"
    if rtkit.promote(threading.get_native_id(), priority) is None:
        return "rtkit"
    return "nice" if granted == "nice" else "none"
