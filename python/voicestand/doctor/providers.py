"""Who is sent what is said, where the settings name somebody. Nothing is sent to find out."""

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
        return [Check(name, "ok", "none is named: the audio of what is said stays on this machine")]
    try:
        chosen(speech)
    except VoicestandError as error:
        fix = "see docs/recognizers.md, or set speech.engine to auto"
        return [Check(name, "error", str(error), fix)]
    return [Check(name, "ok", notice(path_of(speech.providers), speech.vocabulary))]


def language_models() -> list[Check]:
    """Whether the file of those that advise, their keys and the packages are as they must be."""
    from voicestand import config
    from voicestand.coach.generation.settings import notice, path_of, ready
    from voicestand.errors import VoicestandError

    name = "language models"
    try:
        coach = config.load().coach
    except VoicestandError:
        coach = config.CoachSettings()
    path = path_of(coach.models)
    if path is None or not coach.enabled:
        return [Check(name, "ok", "none is asked: the words of what is said stay on this machine")]
    try:
        ready(coach.models)
    except VoicestandError as error:
        fix = "see docs/coaching.md, or leave coach.models empty"
        return [Check(name, "error", str(error), fix)]
    return [Check(name, "ok", notice(path))]
