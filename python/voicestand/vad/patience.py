"""How long a silence is awaited, by how the last phrase ended and how its speaker pauses.

Two cues that need no recognizer. A voice falls to the bottom of its range where a phrase is
finished and stays up where it goes on (Gravano & Hirschberg, *Turn-taking cues in task-oriented
dialogue*, 2011). And whoever has paused for long within what they say will do so again.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from voicestand.vad.pitch import FRAME, pitch
from voicestand.vad.windows import HOP, LATENESS, samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST, MOST = 0.6, 2.0
"""The range of the patience, as a factor on ``vad.min_silence``."""

_RANKS = (0.2, 0.4, 0.6)
"""Of the last pitch among those of the speaker: fallen, neither, still up …"""
_FACTORS = (LEAST, 1.0, 1.6)
"""… and what each is worth, with straight lines between."""

_STEP = FRAME // 4
_RANGE = 400
"""Voiced frames that tell the range of a voice: about six seconds of them."""
_FEWEST = 40
"""Voiced frames without which no range is known."""
_TOGETHER = 8
"""Windows whose pitch is found in one go: a few calls cost more than what they compute."""
_LAST = 6
"""Voiced frames of which the last pitch is the median …"""
_RECENT = samples(0.35)
"""… within so much before the end of speech: where that is creak or breath, there is none."""

_SHORTEST, _LONGEST = samples(0.15), samples(1.2)
"""Silences that count as pauses of one speaker. After a longer one something new begins."""
_BRIDGED = 0.85
"""The share of pauses that should be awaited."""
_RATE = 0.4
"""How fast the patience follows the speaker's pauses."""
_SCALES = (0.7, 1.8)


class Patience:
    """Follows one live channel; ``factor`` is what ``min_silence`` is to be multiplied by now."""

    def __init__(self, min_silence: float, speech: float) -> None:
        """``speech``: the least probability of a window that holds speech."""
        self.factor = 1.0
        self._min_silence = samples(min_silence)
        self._speech = speech
        self._scale = 1.0
        self._audio = np.zeros(FRAME - _STEP + HOP, np.float32)
        self._frames = np.lib.stride_tricks.sliding_window_view(self._audio, FRAME)[::_STEP]
        self._spoken: list[tuple[int, NDArray[np.float32]]] = []
        """When each of the latest windows of speech ended, and its frames, which are to be heard
        for their pitch."""
        self._voiced: deque[tuple[int, float]] = deque(maxlen=_RANGE)
        """When each of the latest voiced frames ended, and its pitch in Hz."""
        self._now = 0
        self._silence: int | None = None
        """Samples since the last speech; None before the first."""

    def hear(self, window: NDArray[np.float32], probability: float) -> float:
        """Takes the next window and how probably it holds speech; returns ``factor``."""
        self._now += HOP
        self._audio[:-HOP] = self._audio[HOP:]
        np.clip(window, -1.0, 1.0, out=self._audio[-HOP:])
        if probability >= self._speech:
            if self._silence:
                self._learn(self._silence)
            self._silence = 0
            self._spoken.append((self._now, self._frames.copy()))
            if len(self._spoken) == _TOGETHER:
                self._listen()
        elif self._silence is not None:
            if self._silence == 0:
                self._listen()
                self.factor = self._judge()
            self._silence += HOP
        return self.factor

    def _listen(self) -> None:
        """Finds the pitch of what was spoken since it last did."""
        if not self._spoken:
            return
        heard = iter(pitch(np.concatenate([frames for _, frames in self._spoken])).tolist())
        for now, frames in self._spoken:
            for index, hertz in enumerate(reversed([next(heard) for _ in frames])):
                if hertz:
                    self._voiced.append((now - index * _STEP, hertz))
        self._spoken.clear()

    def _judge(self) -> float:
        """How patient to be after the phrase that ends here."""
        factor = 1.0
        since = self._now - HOP - LATENESS - _RECENT
        last = [hertz for when, hertz in self._voiced if when > since][-_LAST:]
        if len(last) >= _LAST // 2 and len(self._voiced) >= _FEWEST:
            level = float(np.median(last))
            below = sum(hertz < level for _, hertz in self._voiced)
            upto = sum(hertz <= level for _, hertz in self._voiced)
            rank = (below + upto) / 2 / len(self._voiced)
            factor = float(np.interp(rank, _RANKS, _FACTORS))
        return min(max(factor * self._scale, LEAST), MOST)

    def _learn(self, pause: int) -> None:
        """Speech goes on after a pause: a quantile of those is followed by stochastic steps."""
        if not _SHORTEST <= pause <= _LONGEST:
            return
        cut = pause + LATENESS >= self.factor * self._min_silence
        step = _BRIDGED if cut else _BRIDGED - 1
        least, most = _SCALES
        self._scale = min(max(self._scale * math.exp(_RATE * step), least), most)
