"""Who hears what: a recognizer and an ear for every channel, a listener for every source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from voicestand.audio.source import Source, Tell
from voicestand.config import Settings
from voicestand.events import Severity
from voicestand.session.inbox import Alert, Message
from voicestand.session.listener import Ear, Listener
from voicestand.speech.recognizer import Recognizer
from voicestand.vad.live import LiveVad

if TYPE_CHECKING:
    from voicestand.speech.template_process import Template
    from voicestand.vad.detector import Detector

Put = Callable[[Message], None]


def teller(put: Put, channel: str | None = None) -> Tell:
    """A function that puts alerts, of that channel, into the inbox of a conversation."""

    def tell(severity: Severity, code: str, message: str) -> None:
        put(Alert(severity=severity, code=code, message=message, channel=channel))

    return tell


def recognizer(role: str, settings: Settings, put: Put, template: Template | None) -> Recognizer:
    """The one of that channel, not started."""
    return Recognizer(
        role,
        settings.speech,
        on_partial=put,
        on_final=put,
        on_alert=teller(put, role),
        template=template,
    )


def listeners(
    sources: Sequence[Source],
    by_role: dict[str, Recognizer],
    detector: Detector,
    settings: Settings,
    put: Put,
    *,
    limit: float | None,
) -> list[Listener]:
    """One for each source, not started; ``limit``: seconds after which it has heard enough.

    The sources tell their own trouble from now on.
    """
    made = []
    for source in sources:
        source.tell = teller(put, source.roles[0] if len(source.roles) == 1 else None)
        ears = [
            Ear(
                role,
                LiveVad(detector.stream(), settings.vad),
                by_role[role],
                put,
                longest=settings.vad.max_utterance,
            )
            for role in source.roles
        ]
        made.append(Listener(source, ears, put, limit=limit))
    return made
