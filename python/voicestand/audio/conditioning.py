"""What the settings say about conditioning, told to an engine."""

from __future__ import annotations

from voicestand._native import Engine
from voicestand.config import AudioSettings


def condition(engine: Engine, settings: AudioSettings) -> None:
    """Switches the stages of all speech channels of ``engine`` as ``settings`` want them."""
    engine.set_conditioning(
        echo_cancellation=settings.echo_cancellation,
        noise_suppression=settings.noise_suppression,
        automatic_gain=settings.automatic_gain,
    )
