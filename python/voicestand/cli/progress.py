"""How far long work is, and how long it will still take."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from voicestand.session.transcription import Progress

PATIENCE = 2.0
"""Seconds after which a person wants to know."""


class ProgressBar:
    """A bar with an estimate of the time left, on stderr if that is a terminal."""

    def __init__(self, name: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:3.0f}%"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        printable = "".join(c for c in name if c.isprintable())
        self._task = self._progress.add_task(printable[:40], total=None)
        self._began = time.monotonic()
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._progress.stop()

    def advance(self, progress: Progress) -> None:
        """Shows how far it is."""
        if not sys.stderr.isatty():
            return
        if not self._shown and time.monotonic() - self._began > PATIENCE:
            self._progress.start()
            self._shown = True
        self._progress.update(self._task, completed=progress.done, total=progress.total)
