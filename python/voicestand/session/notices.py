"""What a session says about the installation when it begins."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from voicestand.config import SpeechSettings
from voicestand.events import Severity
from voicestand.speech import EMBEDDED_CODE, embedded_notice
from voicestand.speech.registry import OPENAI, chosen

CLASH_CODE = "packages.clash"
"""Code of the alert (severity ``warning``) that two installed packages overwrite each other."""

REMOTE_CODE = "recognizer.remote"
"""Code of the alert (severity ``info``) that says where what is said is sent."""

VOCABULARY_CODE = "recognizer.vocabulary"
"""Code of the alert (severity ``warning``) that the recognizer has no use for a vocabulary."""


def notices(settings: SpeechSettings) -> Iterator[tuple[Severity, str, str]]:
    """Severity, code and message of each alert, once a session."""
    embedded = embedded_notice(settings.engine, settings.model)
    if embedded is not None:
        yield "info", EMBEDDED_CODE, embedded
    if settings.engine == OPENAI.name:
        from voicestand.speech import providers

        yield "info", REMOTE_CODE, providers.notice(providers.path_of(settings.providers))
    if settings.vocabulary and (choice := chosen(settings)).vocabulary is None:
        yield (
            "warning",
            VOCABULARY_CODE,
            f"{choice.name} cannot be told a vocabulary: it is not used",
        )
    if find_spec("onnxruntime") is None:  # the doctor and the packages' metadata take time to load
        return
    from voicestand.doctor.installation import onnxruntime

    for check in onnxruntime():
        if check.status != "ok":
            yield "warning", CLASH_CODE, f"{check.message}; {check.fix}"
