"""Recognizers elsewhere, where the settings name them. Nothing is sent to find out."""

from __future__ import annotations

from voicestand.doctor.check import Check


def providers() -> list[Check]:
    """Whether their file, their keys and the packages are as they must be."""
    from voicestand import config
    from voicestand.errors import VoicestandError
    from voicestand.speech.providers import notice, path_of
    from voicestand.speech.registry import OPENAI, chosen

    try:
        speech = config.load().speech
    except VoicestandError:
        return []  # the settings have a check of their own
    if speech.engine != OPENAI.name:
        return []
    try:
        chosen(speech)
    except VoicestandError as error:
        fix = "see docs/recognizers.md, or set speech.engine to auto"
        return [Check("providers", "error", str(error), fix)]
    return [Check("providers", "ok", notice(path_of(speech.providers)))]
