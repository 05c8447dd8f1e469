"""VoiceStand: a local-first, low-latency voice engine for Linux.

Names are imported when they are used, so ``import voicestand`` costs next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing takes longer to import than everything here
if TYPE_CHECKING:
    from voicestand import cpu, dsp
    from voicestand._native import Engine, Pool, PoolBlock, Ring
    from voicestand.audio import Recording, load
    from voicestand.audio.capture import Capture
    from voicestand.audio.device import DeviceSource
    from voicestand.audio.file import FileSource
    from voicestand.audio.playback import Playback
    from voicestand.coach.coach import Coach
    from voicestand.config import Settings
    from voicestand.errors import VoicestandError
    from voicestand.journal.journal import Journal
    from voicestand.session import Conversation, transcribe_file

__version__ = "0.1.0"

__all__ = [
    "Capture",
    "Coach",
    "Conversation",
    "DeviceSource",
    "Engine",
    "FileSource",
    "Journal",
    "Playback",
    "Pool",
    "PoolBlock",
    "Recording",
    "Ring",
    "Settings",
    "VoicestandError",
    "__version__",
    "cpu",
    "dsp",
    "load",
    "transcribe_file",
]

_ROOMS = {"cpu", "dsp"}

_HOMES = {
    "Capture": "voicestand.audio.capture",
    "Coach": "voicestand.coach.coach",
    "Conversation": "voicestand.session",
    "DeviceSource": "voicestand.audio.device",
    "Engine": "voicestand._native",
    "FileSource": "voicestand.audio.file",
    "Journal": "voicestand.journal.journal",
    "Playback": "voicestand.audio.playback",
    "Pool": "voicestand._native",
    "PoolBlock": "voicestand._native",
    "Recording": "voicestand.audio",
    "Ring": "voicestand._native",
    "Settings": "voicestand.config",
    "VoicestandError": "voicestand.errors",
    "load": "voicestand.audio",
    "transcribe_file": "voicestand.session",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _ROOMS:
        return import_module(f"voicestand.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'voicestand' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value
