"""One settings tree: defaults here, then the TOML file, then the environment, then flags.

The ranges stand beside the fields; :data:`RULES` holds what involves more than one of them, or
more than a range.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta


class AudioSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Capture and conditioning."""

    device: str = ""
    """Name, or part of it, of the input device; empty: the default one."""
    sample_rate: Annotated[int, Meta(ge=8_000, le=384_000)] = 48_000
    """Hz asked of a device. Files keep their own."""
    block_frames: Annotated[int, Meta(ge=0, le=8192)] = 512
    """Frames per callback asked of a device; a power of two from 16 on, or 0: as it gives them."""
    ring_seconds: Annotated[float, Meta(ge=0.1, le=60)] = 4.0
    """How long a reader may stall before it loses frames."""
    high_pass_hz: Annotated[float, Meta(ge=0, le=1000)] = 80.0
    """Corner of the high-pass filter; 0 switches it off."""
    echo_cancellation: bool = False
    """Takes what the far end says out of the microphone, for use without headphones."""
    noise_suppression: bool = False
    """Takes steady noise away, 10 dB and more. NB: for ears. The embedded recognizer does not gain
    by it, and among other voices it understands less."""
    automatic_gain: bool = False
    """Brings speech, quiet or loud, to -23 dBFS, with a limiter behind it."""


class VadSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Voice activity and endpoints. Durations in seconds, probabilities 0 to 1."""

    device: Literal["auto", "NPU", "GPU", "CPU"] = "auto"
    """``auto``: the NPU if there is one and while it works, else the CPU. A device that is named
    must work when the session begins."""
    onset: Annotated[float, Meta(ge=0.01, le=0.99)] = 0.5
    """Speech begins when the probability reaches this."""
    release: Annotated[float, Meta(ge=0.01, le=0.99)] = 0.35
    """Speech may end once the probability stays below this."""
    min_speech: Annotated[float, Meta(ge=0, le=5)] = 0.1
    min_silence: Annotated[float, Meta(ge=0.05, le=10)] = 0.5
    """Silence that ends an utterance."""
    adaptive_silence: bool = True
    """Awaits 0.6 to 2 times as much silence: less where the voice has fallen as at the end of a
    sentence, more where it has not, and more after a speaker who pauses for long."""
    pre_roll: Annotated[float, Meta(ge=0, le=5)] = 0.3
    """Audio before the onset that the recognizer also hears."""
    post_roll: Annotated[float, Meta(ge=0, le=5)] = 0.2
    """Audio after the end of speech that the recognizer also hears."""
    max_utterance: Annotated[float, Meta(ge=1, le=600)] = 20.0
    """A longer utterance is cut."""


class SpeechSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The recognizer."""

    engine: Annotated[str, Meta(min_length=1)] = "auto"
    """``auto``: the best that is installed and has a model."""
    model: str = ""
    """Name of a model, as in ``voicestand models list``, or the path of a folder. Empty: the best
    of the engine's models that are there."""
    device: Literal["CPU", "GPU", "NPU"] = "CPU"
    """Where ``whisper`` computes; the others know the CPU alone. A device that is named must be
    there."""
    providers: str = ""
    """The file that names the providers of the engine ``openai``; empty: ``providers.toml`` beside
    the usual settings file. Nothing is sent anywhere unless ``engine`` is ``openai``."""
    vocabulary: str = ""
    """A file of names and terms to expect, one a line (docs/recognizers.md). Empty: none."""
    partial_interval: Annotated[float, Meta(ge=0.05, le=60)] = 0.3
    """Seconds of audio between partials."""
    backlog_seconds: Annotated[float, Meta(ge=10, le=7200)] = 600.0
    """Speech that may wait for the recognizer, per channel."""
    hang_seconds: Annotated[float, Meta(ge=1, le=600)] = 20.0
    """A worker that has work and says nothing for so long is killed and restarted."""
    growth_megabytes: Annotated[int, Meta(ge=0, le=65_536)] = 512
    """A worker that has grown by so much since its model was loaded is replaced between two
    utterances, once a minute at most; 0: never."""


class CoachSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Coaching."""

    enabled: bool = True
    playbook: Annotated[str, Meta(min_length=1)] = "sales-call"
    """Name of a playbook that comes with VoiceStand, or the path of a TOML file."""
    models: str = ""
    """The file that names language models (docs/coaching.md). Empty: none is asked, and no word is
    sent anywhere."""


class KnowledgeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The user's documents. Without a model they are found by their words alone."""

    folder: str = ""
    """Empty: ``$XDG_DATA_HOME/voicestand``."""
    model: str = ""
    """The folder of a sentence model: ``model.onnx`` and ``tokenizer.json``. Empty: none."""
    endpoint: str = ""
    """Or a server for embeddings, e.g. ``http://localhost:11434/v1``. Empty: none. It is sent the
    passages, and what is looked for."""
    endpoint_model: str = ""
    """What the server calls its model."""
    endpoint_key_env: str = ""
    """The environment variable that holds the server's key."""
    endpoint_seconds: Annotated[float, Meta(ge=0.01, le=10)] = 0.3
    """How long a search waits for the server before it goes on without."""


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The durable record."""

    folder: str = ""
    """Empty: ``$XDG_DATA_HOME/voicestand``."""
    record_audio: bool = False
    """Keeps what was heard beside what was said: a FLAC file of 16 kHz for each channel."""
    keep_audio_days: Annotated[int, Meta(ge=0, le=36_500)] = 30
    """Audio is erased after so many days, when a session begins; 0: with its session."""
    spool_megabytes: Annotated[int, Meta(ge=0, le=65_536)] = 64
    """What is being said is on disk until its transcript is, so that it survives ``kill -9``: so
    much of it at most, half an hour; 0: none."""


class DaemonSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run as a service."""

    session_silence: Annotated[float, Meta(ge=0, le=86_400)] = 600.0
    """Seconds in which nobody speaks, after which a session ends and the next one begins; 0: one
    session until the service is stopped."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    audio: AudioSettings = AudioSettings()
    vad: VadSettings = VadSettings()
    speech: SpeechSettings = SpeechSettings()
    coach: CoachSettings = CoachSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    journal: JournalSettings = JournalSettings()
    daemon: DaemonSettings = DaemonSettings()


def _may_be_sent_to(url: str) -> bool:
    """Nothing of the user's goes unencrypted to another machine."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    here = parts.scheme == "http" and host in ("localhost", "127.0.0.1", "::1")
    return not url or here or (parts.scheme == "https" and bool(host))


class Rule(NamedTuple):
    """What must hold beyond the range of each field."""

    keys: tuple[str, ...]
    """The settings it looks at, e.g. ``vad.release``."""
    holds: Callable[[Settings], bool]
    demand: str
    """The end of a sentence that begins with the keys and their values."""


RULES = (
    Rule(
        ("audio.block_frames",),
        lambda settings: (
            settings.audio.block_frames == 0
            or (settings.audio.block_frames >= 16 and settings.audio.block_frames.bit_count() == 1)
        ),
        "must be a power of two from 16 on, or 0",
    ),
    Rule(
        ("audio.ring_seconds", "audio.block_frames", "audio.sample_rate"),
        # One block is being written and one is being read; two more for the reader to be late.
        lambda settings: (
            settings.audio.ring_seconds * settings.audio.sample_rate
            >= 4 * settings.audio.block_frames
        ),
        "the ring must hold at least four blocks",
    ),
    Rule(
        ("audio.high_pass_hz", "audio.sample_rate"),
        lambda settings: settings.audio.high_pass_hz < settings.audio.sample_rate / 2,
        "the corner must be below half the sample rate",
    ),
    Rule(
        ("vad.release", "vad.onset"),
        lambda settings: settings.vad.release <= settings.vad.onset,
        "release must not be above onset",
    ),
    Rule(
        ("vad.max_utterance", "vad.pre_roll", "vad.min_speech"),
        # Speech is looked for in twice min_speech, and a cut needs room to choose its place.
        lambda settings: (
            settings.vad.max_utterance >= settings.vad.pre_roll + 2 * settings.vad.min_speech + 1
        ),
        "the longest utterance must be at least pre_roll + 2 × min_speech + 1 seconds",
    ),
    Rule(
        ("knowledge.model", "knowledge.endpoint"),
        lambda settings: not (settings.knowledge.model and settings.knowledge.endpoint),
        "set one of them",
    ),
    Rule(
        ("knowledge.endpoint", "knowledge.endpoint_model"),
        lambda settings: bool(settings.knowledge.endpoint_model or not settings.knowledge.endpoint),
        "say which of the server's models",
    ),
    Rule(
        ("knowledge.endpoint",),
        lambda settings: _may_be_sent_to(settings.knowledge.endpoint),
        "give https://, or http:// to this machine",
    ),
    Rule(
        ("speech.backlog_seconds", "vad.max_utterance"),
        lambda settings: settings.speech.backlog_seconds >= settings.vad.max_utterance,
        "the backlog must hold the longest utterance",
    ),
)


def load(
    path: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    overrides: Mapping[str, object] | None = None,
) -> Settings:
    """The effective settings: defaults, then the file, then the environment, then ``overrides``.

    Args:
        path: the TOML file; by default ``$XDG_CONFIG_HOME/voicestand/config.toml`` if it is there.
        environ: where ``VOICESTAND_AUDIO__SAMPLE_RATE=44100`` sets ``audio.sample_rate``.
        overrides: for example ``{"audio.device": "USB"}``; ``None`` as a value: not given.

    Raises ``InputError``, naming where a value comes from and what is allowed: an unknown key (with
    the nearest one), a wrong type, a value out of range, a file that cannot be read.
    """
    from voicestand.config_loader import load_with_origins

    return load_with_origins(path, environ, overrides or {}).settings
