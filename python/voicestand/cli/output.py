"""Where a session's events go: a live view in a terminal, JSON Lines elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from voicestand.errors import InputError
from voicestand.events import Event, SessionEnded, to_json

if TYPE_CHECKING:
    from voicestand.cli.live import LiveView
    from voicestand.session.conversation import Conversation


class Output:
    """Shows events to a person, a program, or both."""

    def __init__(self, lines: BinaryIO | None, *, owned: bool, live: LiveView | None) -> None:
        self._lines = lines
        self._owned = owned
        self._live = live
        self._conversation: Conversation | None = None
        self.failure: str | None = None
        """Why the events could not all be written."""

    def follow(self, conversation: Conversation) -> None:
        """Takes levels and counters from ``conversation``, and ends it if nobody reads any more."""
        self._conversation = conversation
        if self._live is not None:
            self._live.follow(conversation)

    def show(self, event: Event) -> None:
        """Shows one event at once."""
        if self._live is not None:
            self._live.show(event)
        if self._lines is None or self.failure is not None:
            return
        try:
            self._lines.write(to_json(event) + b"\n")
            self._lines.flush()
        except OSError as error:
            # The conversation goes on to its end without us: its transcripts are in the journal.
            self.failure = f"cannot write the events: {error.strerror or error}"
            if self._conversation is not None:
                self._conversation.stop()

    def summarize(self, ended: SessionEnded) -> None:
        """Prints the summary for a person: where the live view was, else to stderr."""
        from rich.console import Console

        from voicestand.cli.summary import summary

        console = Console(stderr=self._live is None, highlight=False)
        console.print(summary(ended))

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)
        if self._owned and self._lines is not None:
            self._lines.close()


def open_output(events: str | None, *, view: bool = True) -> Output:
    """Where events go: to the file ``events``, to stdout for ``-`` or if stdout is no terminal.

    Without ``view`` they only go where ``events`` says, if anywhere. Raises ``InputError`` if the
    file cannot be written.
    """
    if events not in (None, "-"):
        path = Path(str(events))
        try:
            # Appended: the events of one session after another are still one stream of lines.
            file = path.open("ab", buffering=0)
        except OSError as error:
            raise InputError(f"cannot write events to {path}: {error.strerror}") from None
        return Output(file, owned=True, live=_live_view() if view else None)
    if events == "-" or (view and not sys.stdout.isatty()):
        return Output(sys.stdout.buffer, owned=False, live=None)
    return Output(None, owned=False, live=_live_view() if view else None)


def _live_view() -> LiveView | None:
    if not sys.stdout.isatty():
        return None
    from voicestand.cli.live import LiveView

    return LiveView()
