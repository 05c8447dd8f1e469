"""What the kernel says of cores and processes: CPU time and memory, from ``/proc``."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from pathlib import Path

from voicestand.events import ProcessUsage

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
SHARES_SECONDS = 10.0
"""For so long the PSS of a process is taken for unchanged: to tell it the kernel walks all pages,
which once a second cost a hundredth of a core."""


class UsageMeter:
    """Percentages are of the time between two readings; the first is since the meter was made."""

    def __init__(self) -> None:
        self._read_at = time.monotonic()
        self._cores = _core_ticks()
        self._processes: dict[int, float] = {os.getpid(): _cpu_seconds(os.getpid()) or 0.0}
        self._shares: dict[int, int | None] = {}
        self._shares_read_at = -math.inf
        self.interval = 0.0
        """Seconds between the last two readings."""

    def read(self, processes: Mapping[str, int]) -> tuple[list[ProcessUsage], dict[str, float]]:
        """Usage of each of ``processes`` (name → pid) that is there, and percent of each core."""
        now = time.monotonic()
        self.interval, self._read_at = now - self._read_at, now
        if now - self._shares_read_at >= SHARES_SECONDS:
            self._shares, self._shares_read_at = {}, now
        found, seconds = [], {}
        for name, pid in processes.items():
            resident, used = _resident(pid), _cpu_seconds(pid)
            if resident is None or used is None:
                continue
            if pid not in self._shares:
                self._shares[pid] = _proportional(pid)
            share = self._shares[pid]
            seconds[pid] = used
            spent = used - self._processes.get(pid, 0.0)
            found.append(
                ProcessUsage(
                    pid=pid,
                    name=name,
                    rss_bytes=resident,
                    pss_bytes=None if share is None else min(share, resident),
                    cpu_percent=round(100 * spent / max(self.interval, 1e-3), 1),
                )
            )
        self._processes = seconds
        before, self._cores = self._cores, _core_ticks()
        cores = {
            core: _percent(before[core], ticks)
            for core, ticks in self._cores.items()
            if core in before
        }
        return found, cores


def _percent(before: tuple[int, int], after: tuple[int, int]) -> float:
    busy, total = after[0] - before[0], after[1] - before[1]
    return round(100 * min(max(busy / total, 0.0), 1.0), 1) if total > 0 else 0.0


def _core_ticks() -> dict[str, tuple[int, int]]:
    """(busy, all) ticks of each core since the machine was started; proc(5)."""
    try:
        lines = Path("/proc/stat").read_text().splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        name, *rest = line.split()
        if name.startswith("cpu") and name != "cpu":
            # user nice system idle iowait irq softirq steal; guest time is in user already.
            ticks = [int(number) for number in rest[:8]]
            found[name[3:]] = (sum(ticks) - sum(ticks[3:5]), sum(ticks))
    return found


def _cpu_seconds(pid: int) -> float | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field, the name in parentheses, may hold spaces and parentheses itself.
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def _resident(pid: int) -> int | None:
    """RSS, bytes."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return None


def _proportional(pid: int) -> int | None:
    """PSS, bytes; ``None`` where the kernel does not tell."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return None
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return None
