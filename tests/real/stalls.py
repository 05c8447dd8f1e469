"""Whether the machine itself stood still: a real-time thread on each CPU watches the clock.

A virtual machine may be stopped for a tenth of a second by its host, and an audio server in it then
loses audio whatever a client does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

STALL = 0.0026
"""Seconds: beyond the period of 2.7 ms of the servers here, none can be in time."""

HIDES = 0.05
"""Seconds of a stall by which a player or a server may be so late that times differ by a tenth."""

ATTEMPTS = 2

_NAP = 0.001

_WATCH = """
import json, os, select, sys, time
os.sched_setaffinity(0, {int(sys.argv[1])})
try:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(80))
except PermissionError:
    pass
stall, nap, found, last = float(sys.argv[2]), float(sys.argv[3]), [], time.monotonic()
print("watching", flush=True)
while not select.select([sys.stdin], [], [], nap)[0]:
    now = time.monotonic()
    if now - last > stall:
        found.append(now - last)
    last = now
print(json.dumps(found))
"""


@dataclass
class Stalls:
    """What the watchers saw, once they have ended."""

    count: int = 0
    longest: float = 0.0
    """Seconds."""
    total: float = 0.0
    """Seconds, over all CPUs."""

    def __str__(self) -> str:
        if not self.count:
            return "the machine ran without a stall"
        return f"the machine itself stalled {self.count} times, {1e3 * self.longest:.0f} ms at most"


@contextmanager
def watched() -> Iterator[Stalls]:
    """Watches while the block runs; the result is filled in at its end."""
    stalls = Stalls()
    watchers = [
        subprocess.Popen(
            [sys.executable, "-c", _WATCH, str(cpu), str(STALL), str(_NAP)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for cpu in sorted(os.sched_getaffinity(0))
    ]
    try:
        for watcher in watchers:
            assert watcher.stdout is not None
            assert watcher.stdout.readline() == "watching\n"
        yield stalls
    finally:
        seen = [json.loads(watcher.communicate(timeout=30)[0] or "[]") for watcher in watchers]
    every = [stall for stalls_of_cpu in seen for stall in stalls_of_cpu]
    stalls.count, stalls.longest, stalls.total = len(every), max(every, default=0.0), sum(every)


def holds_unless_the_machine_stood_still(attempt: Callable[[], str | None]) -> None:
    """Fails with what ``attempt`` finds untrue, unless a long stall of the machine may be why.

    Then it is tried once more; where the machine stands still each time, nothing is said of times.
    """
    for _ in range(ATTEMPTS):
        with watched() as stalls:
            trouble = attempt()
        if trouble is None:
            return
        assert stalls.longest > HIDES, f"{trouble}, and {stalls}"
