"""What a session says about the installation when it begins."""

from __future__ import annotations

from collections.abc import Iterator

from voicestand.config import SpeechSettings
from voicestand.doctor.installation import onnxruntime
from voicestand.events import Severity
from voicestand.speech import EMBEDDED_CODE, embedded_notice

CLASH_CODE = "packages.clash"
"""Code of the alert (severity ``warning``) that two installed packages overwrite each other."""


def notices(settings: SpeechSettings) -> Iterator[tuple[Severity, str, str]]:
    """Severity, code and message of each alert, once a session."""
    embedded = embedded_notice(settings.engine, settings.model)
    if embedded is not None:
        yield "info", EMBEDDED_CODE, embedded
    for check in onnxruntime():
        if check.status != "ok":
            yield "warning", CLASH_CODE, f"{check.message}; {check.fix}"
