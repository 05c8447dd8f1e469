"""What a session says about the installation when it begins."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from voicestand.coach.generation.settings import notice, path_of
from voicestand.config import Settings
from voicestand.events import Severity
from voicestand.speech import EMBEDDED_CODE, embedded_notice
from voicestand.speech.registry import OPENAI, chosen

CLASH_CODE = "packages.clash"
"""Code of the alert (severity ``warning``) that two installed packages overwrite each other."""

REMOTE_CODE = "recognizer.remote"
"""Code of the alert (severity ``info``) that says where what is said is sent."""

MODELS_CODE = "coach.remote"
"""Code of the alert (severity ``info``) that says where the words of what is said are sent."""

VOCABULARY_CODE = "recognizer.vocabulary"
"""Code of the alert (severity ``warning``) that a vocabulary, or some of it, is not used."""


def notices(settings: Settings) -> Iterator[tuple[Severity, str, str]]:
    """Severity, code and message of each alert, once a session."""
    speech = settings.speech
    embedded = embedded_notice(speech.engine, speech.model)
    if embedded is not None:
        yield "info", EMBEDDED_CODE, embedded
    if speech.engine == OPENAI.name:
        from voicestand.speech import providers

        file = providers.path_of(speech.providers)
        yield "info", REMOTE_CODE, providers.notice(file, speech.vocabulary)
    if (models := path_of(settings.coach.models)) is not None and settings.coach.enabled:
        yield "info", MODELS_CODE, notice(models)
    if speech.vocabulary:
        from voicestand.speech.loading import unused

        if (left_out := unused(chosen(speech))) is not None:
            yield "warning", VOCABULARY_CODE, left_out
    if find_spec("onnxruntime") is None:  # the doctor and the packages' metadata take time to load
        return
    from voicestand.doctor.installation import onnxruntime

    for check in onnxruntime():
        if check.status != "ok":
            yield "warning", CLASH_CODE, f"{check.message}; {check.fix}"
