"""Ctrl-C before a session has begun: remembered, since imports turn it into other errors."""

from __future__ import annotations

import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_asked = False


def watch() -> None:
    """From now on ``asked`` tells whether there was a Ctrl-C; it still raises KeyboardInterrupt."""
    signal.signal(signal.SIGINT, _note)


def asked() -> bool:
    """Whether Ctrl-C was pressed.

    An import that it interrupts may end in an ImportError or even a SyntaxError; what it was about
    is known here.
    """
    return _asked


def _note(number: int, frame: FrameType | None) -> None:
    global _asked  # noqa: PLW0603 -- a signal handler has no other place to write to
    _asked = True
    raise KeyboardInterrupt
