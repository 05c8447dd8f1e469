"""What the settings and the environment say about conditioning, told to an engine."""

from __future__ import annotations

from voicestand._native import Engine, instruction_set
from voicestand.config import AudioSettings
from voicestand.errors import InputError


def check_instruction_set() -> None:
    """Raises ``InputError`` where ``VOICESTAND_SIMD`` names none, or one that this CPU lacks."""
    try:
        instruction_set()
    except ValueError as error:
        raise InputError(str(error)) from None


def condition(engine: Engine, settings: AudioSettings) -> None:
    """Switches the stages of all speech channels of ``engine`` as ``settings`` want them."""
    engine.set_conditioning(
        echo_cancellation=settings.echo_cancellation,
        noise_suppression=settings.noise_suppression,
        automatic_gain=settings.automatic_gain,
    )
