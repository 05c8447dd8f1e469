"""What a process and its descendants use: memory and processor time, read from /proc."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

_RECOGNIZER = {b"voicestand.speech.worker", b"voicestand.speech.template"}


def descendants(pid: int) -> list[int]:
    """The processes below ``pid``, as far as they still are there."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


def is_recognizer(pid: int) -> bool:
    """Whether it is the process of a recognizer, or what recognizers are forked from."""
    try:
        return not _RECOGNIZER.isdisjoint(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"))
    except OSError:
        return False


class Memory(NamedTuple):
    """Megabytes (10^6). What processes share is divided among them (PSS)."""

    whole: float
    own: float
    """Without files, whose share depends on what else runs on the machine."""


def memory(pids: list[int]) -> Memory:
    """Of all of them together; nothing for those that have ended meanwhile."""
    every = [_rollup(pid) for pid in pids]
    whole = sum(one.get("Pss", 0) for one in every)
    own = whole - sum(one.get("Pss_File", 0) for one in every)
    return Memory(1024 * whole / 1e6, 1024 * own / 1e6)


def _rollup(pid: int) -> dict[str, int]:
    """The lines ``name: kB`` of proc(5)'s ``smaps_rollup``."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return {}
    return {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}


def cpu_seconds(pid: int) -> float:
    """Processor time of all its threads, user and system; 0 if it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    # The second field, the name in parentheses, may hold spaces and parentheses itself.
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
