"""One settings tree: defaults here, then the TOML file, then the environment, then flags."""

from __future__ import annotations

from typing import Literal

import msgspec


class AudioSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Capture and conditioning."""

    device: str = ""
    """Name, or part of it, of the input device; empty: the default one."""
    sample_rate: int = 48_000
    """Hz asked of a device. Files keep their own."""
    block_frames: int = 512
    """Frames per callback asked of a device; a power of two."""
    ring_seconds: float = 4.0
    """How long a reader may stall before it loses frames."""
    high_pass_hz: float = 80.0
    """Corner of the high-pass filter; 0 switches it off."""


class VadSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Voice activity and endpoints. Durations in seconds, probabilities 0 to 1."""

    device: Literal["auto", "NPU", "GPU", "CPU"] = "auto"
    """``auto``: the NPU if there is one, else the CPU."""
    onset: float = 0.5
    """Speech begins when the probability reaches this."""
    release: float = 0.35
    """Speech may end once the probability stays below this."""
    min_speech: float = 0.1
    min_silence: float = 0.5
    """Silence that ends an utterance."""
    pre_roll: float = 0.3
    """Audio before the onset that the recognizer also hears."""
    max_utterance: float = 20.0
    """A longer utterance is cut."""


class SpeechSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The recognizer."""

    engine: str = "auto"
    """``auto``: the best that is installed."""
    partial_interval: float = 0.3
    """Seconds of audio between partials."""
    backlog_seconds: float = 600.0
    """Speech that may wait for the recognizer, per channel."""
    hang_seconds: float = 20.0
    """A worker that has work and says nothing for so long is killed and restarted."""


class CoachSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Coaching."""

    enabled: bool = True
    playbook: str = "sales-call"
    """Name of a playbook that comes with VoiceStand, or the path of a TOML file."""


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The durable record."""

    folder: str = ""
    """Empty: ``$XDG_DATA_HOME/voicestand``."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    audio: AudioSettings = AudioSettings()
    vad: VadSettings = VadSettings()
    speech: SpeechSettings = SpeechSettings()
    coach: CoachSettings = CoachSettings()
    journal: JournalSettings = JournalSettings()
