"""A playbook that is edited during a conversation: the conversation goes on by the new one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from voicestand.coach.hearing import Hearing
from voicestand.coach.playbook import load
from voicestand.errors import InputError
from voicestand.events import Severity

LOOK_EVERY = 1.0
"""Seconds between two looks at the file."""

Stamp = tuple[int, int, int]
"""When it was last changed, its size and which file it is: editors replace a file by another."""


class PlaybookWatch:
    """Watches a playbook's file in a thread of its own while the ``with`` block lasts.

    A change is read, checked and made ready there, and handed to ``adopt``; a mistake in it is
    told once and the playbook of before stays.
    """

    def __init__(
        self,
        path: Path,
        adopt: Callable[[Hearing], None],
        tell: Callable[[Severity, str, str], None],
        every: float = LOOK_EVERY,
    ) -> None:
        """``tell`` is called with what an ``engine.alert`` says."""
        self._path = path
        self._adopt = adopt
        self._tell = tell
        self._every = every
        self._seen = _stamp(path)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="playbook", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed.set()
        self._thread.join()

    def look(self) -> None:
        """Looks at the file once; what the thread does every second."""
        stamp = _stamp(self._path)
        # While an editor replaces it there may be none for a moment.
        if stamp is None or stamp == self._seen:
            return
        self._seen = stamp
        try:
            hearing = Hearing(load(self._path))
        except InputError as error:
            self._tell(
                "warning", "playbook.broken", f"{error}; the playbook of before stays in use"
            )
            return
        self._adopt(hearing)
        self._tell("info", "playbook.reloaded", f"the playbook was read again: {self._path}")

    def _run(self) -> None:
        while not self._closed.wait(self._every):
            self.look()


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
