"""Silero VAD on OpenVINO: the probability that a window of audio holds speech."""

from __future__ import annotations

import functools
import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from voicestand.vad import devices, network, runtime
from voicestand.vad.network import CONTEXT, STATE, WINDOW
from voicestand.vad.weights import load
from voicestand.vad.windows import HOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 128
"""Windows per call in the form for whole recordings: larger blocks are not faster."""

_LOUDEST = 1e4
"""Audio is within ±1; beyond this the magnitudes would leave the range of float32."""

_HINTS: dict[str, dict[str, object]] = {
    # Without the precision hint, CPUs with AMX compute in bf16. One thread: the products are too
    # small to share, and the other cores belong to the recognizer. No pinning: which core a thread
    # runs on is for the engine to say.
    "CPU": {
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": 1,
        "PERFORMANCE_HINT": "LATENCY",
    }
}
_HINTS_ELSEWHERE: dict[str, object] = {"PERFORMANCE_HINT": "LATENCY"}


class SileroVad:
    """The compiled detector, shared by the streams of all channels.

    ``device`` is ``auto`` (the NPU if there is one that works, else the CPU) or a device's name.
    Raises ``EngineUnavailableError`` when the named device or the model is not there.
    """

    def __init__(self, device: str = "auto") -> None:
        self._weights = load()
        self._core = runtime.openvino().Core()
        self._compiled, self.device = devices.start(self._core, device, self._compile_stream)
        """The device that really computes, as OpenVINO reports it: ``CPU``, ``NPU``, …"""
        self._one_at_a_time = threading.Lock()

    def stream(self) -> SileroStream:
        """A new stream with a state of its own: one per channel."""
        return SileroStream(self._compiled.create_infer_request())

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
                form.request.infer()
                form.state[:] = form.next_state
                count = min(_BLOCK, windows - first)
                result[first : first + count] = form.probability[:count, 0]
        return result

    @functools.cached_property
    def _sequence(self) -> _Bound:
        """The form for whole recordings; compiled on first use, since live channels need none."""
        compiled = self._compile(_BLOCK, self.device)
        return _Bound(compiled.create_infer_request(), _BLOCK)

    def _compile(self, windows: int, device: str) -> Any:
        hints = _HINTS.get(device, _HINTS_ELSEWHERE)
        return self._core.compile_model(network.build(self._weights, windows), device, hints)

    def _compile_stream(self, device: str) -> tuple[Any, str]:
        compiled = self._compile(1, device)
        first = SileroStream(compiled.create_infer_request())(np.zeros(HOP, np.float32))
        if not 0.0 <= first < 0.5:
            raise RuntimeError(f"silence has the probability {first}")
        return compiled, ",".join(compiled.get_property("EXECUTION_DEVICES"))


class SileroStream:
    """One channel's detector: feed it successive windows, each once.

    Streams are independent of each other; one stream belongs to one thread at a time.
    """

    def __init__(self, request: Any) -> None:
        self._bound = _Bound(request, 1)
        row = self._bound.audio[0]
        self._context, self._last, self._new = row[:CONTEXT], row[-CONTEXT:], row[CONTEXT:]

    def __call__(self, window: NDArray[np.float32]) -> float:
        """The probability, 0 to 1, of speech in ``window``: float32[512], 16 kHz, ±1.

        Samples that are not finite are worth 0 and start the stream anew, so that they do not
        spoil the windows after them. Raises ``ValueError`` when the shape is another one.
        """
        if window.shape != (HOP,):
            raise ValueError(f"a window has the shape {window.shape}, not ({HOP},)")
        bound = self._bound
        self._context[:] = self._last
        self._new[:] = window
        bound.request.infer()
        bound.state[:] = bound.next_state
        probability: float = bound.probability.item()
        if math.isnan(probability):
            self.reset()
            return 0.0
        return probability

    def reset(self) -> None:
        """Forgets everything heard: the next window is the first of a recording."""
        self._bound.state[:] = 0.0
        self._bound.audio[:] = 0.0


class _Bound:
    """An inference request with the arrays it reads and writes in place."""

    def __init__(self, request: Any, windows: int) -> None:
        from openvino import Tensor

        self.request = request
        self.audio = np.zeros((windows, WINDOW), np.float32)
        self.state = np.zeros((2, STATE), np.float32)
        self.probability = np.zeros((windows, 1), np.float32)
        self.next_state = np.zeros((2, STATE), np.float32)
        for index, array in enumerate((self.audio, self.state)):
            request.set_input_tensor(index, Tensor(array, shared_memory=True))
        for index, array in enumerate((self.probability, self.next_state)):
            request.set_output_tensor(index, Tensor(array, shared_memory=True))


def _fill(rows: NDArray[np.float32], samples: NDArray[np.float32], start: int) -> None:
    """Copies the windows from sample ``start`` on into ``rows``, each after its context."""
    span = np.zeros(CONTEXT + rows.shape[0] * HOP, np.float32)
    source = samples[max(0, start - CONTEXT) : start - CONTEXT + len(span)]
    offset = max(0, CONTEXT - start)
    span[offset : offset + len(source)] = source
    if not np.abs(span).max() < _LOUDEST:
        np.clip(np.nan_to_num(span, copy=False), -_LOUDEST, _LOUDEST, out=span)
    rows[:] = np.lib.stride_tricks.sliding_window_view(span, WINDOW)[::HOP]
