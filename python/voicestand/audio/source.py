"""What a session needs of a source of audio, whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from voicestand.events import Severity

if TYPE_CHECKING:
    from voicestand._native import Engine

SPEECH_RATE = 16_000
"""Sample rate of speech processing, Hz."""

SELF = "self"
OTHER = "other"
"""The roles: the person in front of the microphone, and the far end."""

Tell: TypeAlias = Callable[[Severity, str, str], None]
"""Takes what a user should know: severity, code, message."""


def unheard(severity: Severity, code: str, message: str) -> None:
    """The ``Tell`` of a source nobody listens to."""


class Source(Protocol):
    """A source of audio: made ready by its constructor, then ``start``, ``stop``, ``close``."""

    name: str
    """For humans: the path or the device."""
    sample_rate: int
    """Hz."""
    roles: list[str]
    """The role of each speech channel of ``engine``."""
    live: bool
    """Whether audio comes when it comes: it cannot be made to wait."""
    engine: Engine
    tell: Tell
    """Where its alerts go; set before ``start``, called in any thread."""

    @property
    def damaged(self) -> str | None:
        """What of a file could not be read, in one line; ``None`` if there is no such part."""

    def start(self) -> None:
        """Lets audio flow."""

    def stop(self) -> None:
        """No more audio: ``engine`` is finished with what has come. Safe to repeat."""

    def trouble(self) -> str | None:
        """Why no more audio comes although it should, in one line; ``None`` while all is well."""

    def close(self) -> None:
        """Stops and frees the device or file."""
