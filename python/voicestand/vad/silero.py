"""Silero VAD on OpenVINO: the probability that a window of audio holds speech."""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from voicestand.vad import devices, runtime
from voicestand.vad.inference import Inference, compiled_for, proved_for
from voicestand.vad.network import CONTEXT, WINDOW
from voicestand.vad.weights import load
from voicestand.vad.windows import HOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 128
"""Windows per call in the form for whole recordings: larger blocks are not faster."""

_LOUDEST = 1e4
"""Audio is within ±1; beyond this the magnitudes would leave the range of float32."""


class SileroVad:
    """The compiled detector, shared by the streams of all channels.

    ``device``: ``CPU``, or the name of another device of OpenVINO's (``NPU``, ``GPU``, ``GPU.1``;
    case does not matter), which then computes in this process: :class:`~.detector.Detector` keeps
    its driver apart. A device is never replaced by another one: raises ``EngineUnavailableError``
    when it, or the model, is not there or does not work.
    """

    def __init__(self, device: str = "CPU") -> None:
        self._weights = load()
        self._core = runtime.openvino().Core()
        self.device = devices.present(self._core, device)
        """The device that computes."""
        self._compiled = devices.started(
            self.device, lambda: proved_for(self._core, self._weights, self.device)
        )
        self._one_at_a_time = threading.Lock()

    def stream(self, elsewhere: Callable[[Inference], bool] | None = None) -> SileroStream:
        """A new stream with a state of its own: one per channel.

        ``elsewhere`` is asked to compute each window; this device does it where it returns False.
        """
        return SileroStream(self.inference(), elsewhere)

    def inference(self) -> Inference:
        """The network for one window, without any state of its own."""
        return Inference(self._compiled.create_infer_request(), 1)

    def probabilities(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The probability of speech in every window of a whole recording.

        ``samples``: float32[n], mono, 16 kHz, ±1. Returns float32[ceil(n / 512)], each 0 to 1; the
        last window is filled up with zeros. The same figures as a stream gives, many times faster.
        Raises ``ValueError`` when ``samples`` has another shape.
        """
        if samples.ndim != 1:
            raise ValueError(f"samples have the shape {samples.shape}, not (n,)")
        windows = -(-len(samples) // HOP)
        result = np.empty(windows, np.float32)
        with self._one_at_a_time:
            form = self._sequence
            form.state[:] = 0.0
            for first in range(0, windows, _BLOCK):
                _fill(form.audio, samples, first * HOP)
                form.run()
                form.state[:] = form.next_state
                count = min(_BLOCK, windows - first)
                result[first : first + count] = form.probability[:count, 0]
        return result

    @functools.cached_property
    def _sequence(self) -> Inference:
        """The form for whole recordings; compiled on first use, since live channels need none."""
        compiled = compiled_for(self._core, self._weights, _BLOCK, self.device)
        return Inference(compiled.create_infer_request(), _BLOCK)


class SileroStream:
    """One channel's detector: feed it successive windows, each once.

    Streams are independent of each other; one stream belongs to one thread at a time.
    """

    def __init__(
        self, inference: Inference, elsewhere: Callable[[Inference], bool] | None = None
    ) -> None:
        self._inference = inference
        self._elsewhere = elsewhere
        row = inference.audio[0]
        self._context, self._last, self._new = row[:CONTEXT], row[-CONTEXT:], row[CONTEXT:]

    def __call__(self, window: NDArray[np.float32]) -> float:
        """The probability, 0 to 1, of speech in ``window``: float32[512], 16 kHz, ±1.

        Samples that are not finite are worth 0 and start the stream anew, so that they do not
        spoil the windows after them. Raises ``ValueError`` when the shape is another one.
        """
        if window.shape != (HOP,):
            raise ValueError(f"a window has the shape {window.shape}, not ({HOP},)")
        inference = self._inference
        self._context[:] = self._last
        self._new[:] = window
        if self._elsewhere is None or not self._elsewhere(inference):
            inference.run()
        inference.state[:] = inference.next_state
        probability: float = inference.probability.item()
        if math.isnan(probability):
            self.reset()
            return 0.0
        return probability

    def reset(self) -> None:
        """Forgets everything heard: the next window is the first of a recording."""
        self._inference.state[:] = 0.0
        self._inference.audio[:] = 0.0


def _fill(rows: NDArray[np.float32], samples: NDArray[np.float32], start: int) -> None:
    """Copies the windows from sample ``start`` on into ``rows``, each after its context."""
    span = np.zeros(CONTEXT + rows.shape[0] * HOP, np.float32)
    source = samples[max(0, start - CONTEXT) : start - CONTEXT + len(span)]
    offset = max(0, CONTEXT - start)
    span[offset : offset + len(source)] = source
    if not np.abs(span).max() < _LOUDEST:
        np.clip(np.nan_to_num(span, copy=False), -_LOUDEST, _LOUDEST, out=span)
    rows[:] = np.lib.stride_tricks.sliding_window_view(span, WINDOW)[::HOP]
