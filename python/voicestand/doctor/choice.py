"""The recognizer that the settings mean, with its model and its vocabulary."""

from __future__ import annotations

from voicestand.doctor.check import Check


def chosen() -> list[Check]:
    """Whether a session could begin with it; providers elsewhere have a check of their own."""
    from voicestand import config
    from voicestand.errors import EngineUnavailableError, VoicestandError
    from voicestand.speech import registry
    from voicestand.speech.loading import unused

    name = "chosen recognizer"
    try:
        speech = config.load().speech
    except VoicestandError:
        return []  # what is wrong with the settings is said elsewhere
    if speech.engine == registry.OPENAI.name:
        return []
    try:
        choice = registry.chosen(speech)
        left_out = unused(choice)
    except EngineUnavailableError as error:
        return [Check(name, "error", str(error), "do that, or set speech.engine to auto")]
    except VoicestandError as error:
        return [Check(name, "error", str(error), "correct it, or see docs/recognizers.md")]
    found = f"{choice.name} with {choice.model.name}" if choice.model else choice.name
    if left_out is not None:
        return [Check(name, "warning", left_out, f"see {choice.vocabulary}, docs/recognizers.md")]
    told = f", told the terms in {choice.vocabulary}" if choice.vocabulary else ""
    return [Check(name, "ok", f"{found} (speech.engine = {speech.engine}){told}")]
