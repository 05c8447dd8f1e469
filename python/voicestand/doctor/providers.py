"""Recognizers elsewhere, where the settings name them. Nothing is sent to find out."""

from __future__ import annotations

from voicestand.doctor.check import Check


def providers() -> list[Check]:
    """Whether their file, their keys and the packages are as they must be."""
    from voicestand import config
    from voicestand.errors import VoicestandError
    from voicestand.speech.providers import notice, path_of
    from voicestand.speech.registry import OPENAI, chosen

    name = "providers"
    try:
        speech = config.load().speech
    except VoicestandError:
        speech = config.SpeechSettings()  # what is wrong with the settings is said elsewhere
    if speech.engine != OPENAI.name:
        return [Check(name, "ok", "none is named: what is said stays on this machine")]
    try:
        chosen(speech)
    except VoicestandError as error:
        fix = "see docs/recognizers.md, or set speech.engine to auto"
        return [Check(name, "error", str(error), fix)]
    return [Check(name, "ok", notice(path_of(speech.providers), speech.vocabulary))]
