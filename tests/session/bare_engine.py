"""What the recognizer says without the program around it, on the same spans of audio."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from voicestand.audio import load
from voicestand.config import AudioSettings, VadSettings
from voicestand.speech.audio_log import to_pcm
from voicestand.speech.pocketsphinx import PocketSphinx
from voicestand.speech.protocol import Transcript
from voicestand.vad import Endpoint, SileroVad
from voicestand.vad.live import utterances


class Heard(NamedTuple):
    """One utterance: where it lies, and its words."""

    span: Endpoint
    transcript: Transcript


@cache
def _engine() -> PocketSphinx:
    return PocketSphinx()


@cache
def _vad() -> SileroVad:
    return SileroVad("CPU")


def endpoints(row: npt.NDArray[np.float32], settings: VadSettings) -> list[Endpoint]:
    """The utterances of one channel (float32[n], 16 kHz)."""
    return [what for what, _ in utterances(_vad(), row, settings)]


def transcribe(row: npt.NDArray[np.float32], spans: list[Endpoint]) -> list[Heard]:
    engine = _engine()
    heard = []
    for span in spans:
        engine.start()
        engine.feed(to_pcm(row[span.audio_start : span.audio_end]))
        heard.append(Heard(span, engine.finish()))
    return heard


def hear(path: Path, settings: VadSettings) -> list[list[Heard]]:
    """The utterances of a recording, per channel."""
    rows = load(path, AudioSettings()).samples
    return [transcribe(row, endpoints(row, settings)) for row in rows]
