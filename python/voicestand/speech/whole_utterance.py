"""Partials of engines that can only hear an utterance as a whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from voicestand.speech.audio_log import SAMPLE_RATE, Pcm

FIRST = SAMPLE_RATE
"""Samples before the first partial."""

GROWTH = 2
"""An utterance is heard again once it is so many times as long: all partials together hear no more
than twice the audio that the final hears."""

SHORTEST = SAMPLE_RATE // 10
"""Samples; there is no word in less."""

Samples = npt.NDArray[np.float32]


def normalized(samples: Pcm) -> Samples:
    """As these engines want them: float32, within ±1."""
    scaled: Samples = samples.astype(np.float32) / np.float32(32768)
    return scaled


class WholeUtterance:
    """The samples of an utterance, and what ``recognize`` made of them when it last heard them."""

    def __init__(self, recognize: Callable[[Samples], str]) -> None:
        self._recognize = recognize
        self.start()

    def start(self) -> None:
        """Forgets the utterance before."""
        self._pieces: list[Pcm] = []
        self._length = 0
        self._next = FIRST
        self._text = ""

    def feed(self, samples: Pcm) -> None:
        """Keeps the next samples."""
        self._pieces.append(samples)
        self._length += len(samples)

    def partial(self) -> str:
        """The text of the utterance so far, or of a beginning of it."""
        if self._length >= self._next:
            self._next = GROWTH * self._length
            self._text = self._recognize(self._samples())
        return self._text

    def finish(self) -> str:
        """The text of the whole utterance."""
        return self._recognize(self._samples()) if self._length >= SHORTEST else ""

    def _samples(self) -> Samples:
        return normalized(np.concatenate(self._pieces))
