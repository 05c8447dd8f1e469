"""Which process writes a session, and whether it still lives: running or interrupted."""

from __future__ import annotations

import os
from pathlib import Path


def current() -> str:
    """This process, by a name that no other process on this machine ever has.

    ``boot id/process id/start time in clock ticks``: a process id alone is given again, and so is
    its pair with the start time after the next boot.
    """
    pid = os.getpid()
    return f"{_boot_id()}/{pid}/{_start_ticks(pid)}"


def is_alive(name: str) -> bool:
    """Whether the process that :func:`current` named so still runs here."""
    boot, pid, ticks = _parts(name)
    return boot == _boot_id() and pid.isdecimal() and ticks == _start_ticks(int(pid))


def pid(name: str) -> str:
    """The process id in a name that :func:`current` gave."""
    return _parts(name)[1]


def _parts(name: str) -> tuple[str, str, str]:
    boot, _, process = name.partition("/")
    pid, _, ticks = process.partition("/")
    return boot, pid, ticks


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _start_ticks(pid: int) -> str:
    """Field 22 of proc(5)'s ``stat``; empty if there is no such process, or only its corpse."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The second field, the name in parentheses, may hold spaces and parentheses itself.
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
