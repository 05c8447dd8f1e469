"""Voice activity on one live channel: from windows of audio to utterances."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from voicestand.config import VadSettings
from voicestand.vad.endpointer import Endpoint, Endpointer, Onset
from voicestand.vad.level import SpeechLevel, power
from voicestand.vad.patience import Patience
from voicestand.vad.windows import HOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicestand.vad.silero import SileroVad

    Stream = Callable[[NDArray[np.float32]], float]


class LiveVad:
    """One channel's voice activity: feed it successive windows, each once.

    The model hears every channel with its speech at the same level, which is followed as somebody
    speaks. Raises ``InputError`` when the settings contradict each other.
    """

    def __init__(self, stream: Stream, settings: VadSettings) -> None:
        """``stream``: the model's, which gives the probability of speech in successive windows."""
        self._probability = stream
        self._level = SpeechLevel()
        self._endpointer = Endpointer(settings)
        self._patience = Patience(settings.min_silence, settings.release)
        self._adaptive = settings.adaptive_silence

    def hear(self, window: NDArray[np.float32]) -> list[Onset | Endpoint]:
        """Takes the next window, float32[512], 16 kHz, ±1; returns what it decides."""
        probability = self._probability(window * self._level.gain)
        loudness = power(window)
        self._level.hear(loudness, probability)
        patience = self._patience.hear(window, probability) if self._adaptive else 1.0
        return self._endpointer.feed(probability, power=loudness, patience=patience)

    def finish(self, length: int | None = None) -> list[Onset | Endpoint]:
        """Ends the audio: see :meth:`Endpointer.finish`."""
        return self._endpointer.finish(length)

    @property
    def assured(self) -> int | None:
        """Up to which sample the utterance that goes on is certain to last."""
        return self._endpointer.assured


def utterances(
    vad: SileroVad, recording: NDArray[np.float32], settings: VadSettings
) -> list[tuple[Endpoint, int]]:
    """The utterances of a recording (float32[n], mono, 16 kHz) as a live channel finds them.

    With each goes the sample that had been heard when its end was told.
    """
    live = LiveVad(vad.stream(), settings)
    windows = np.pad(recording, (0, -len(recording) % HOP)).reshape(-1, HOP)
    told = [(what, (k + 1) * HOP) for k, window in enumerate(windows) for what in live.hear(window)]
    told += [(what, len(recording)) for what in live.finish(len(recording))]
    return [(what, when) for what, when in told if isinstance(what, Endpoint)]
