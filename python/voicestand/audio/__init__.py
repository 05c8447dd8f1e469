"""Sources: devices through the native callback, files through the same ring."""

from __future__ import annotations

from voicestand.audio.recording import Recording, load

__all__ = ["Recording", "load"]
