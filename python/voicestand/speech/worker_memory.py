"""How much a worker's memory has grown, and whether that is too much."""

from __future__ import annotations

import re
import time
from pathlib import Path

REST_SECONDS = 60.0
"""A worker works at least so long before it is replaced for its memory: where that does not help,
its model is not loaded again and again."""

_ANONYMOUS = re.compile(rb"^RssAnon:\s+(\d+) kB$", re.MULTILINE)


def anonymous(pid: int) -> int:
    """Bytes of a process's memory that no file stands for (proc(5)); 0 if nobody says."""
    try:
        found = _ANONYMOUS.search(Path(f"/proc/{pid}/status").read_bytes())
    except OSError:
        return 0
    return int(found[1]) << 10 if found else 0


class Growth:
    """The memory of one worker since its model was loaded."""

    def __init__(self, pid: int, limit: int) -> None:
        """``limit``: bytes by which it may grow; 0: as it likes."""
        self._pid = pid
        self._limit = limit
        self._first = anonymous(pid)
        self._since = time.monotonic()

    def excess(self) -> int:
        """Bytes by which it has grown, if that is too much for one that has worked for a while."""
        if not self._limit or time.monotonic() - self._since < REST_SECONDS:
            return 0
        grown = anonymous(self._pid) - self._first
        return grown if grown > self._limit else 0
