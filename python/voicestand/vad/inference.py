"""The network compiled for a device, with the arrays that it reads and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from voicestand.vad import network
from voicestand.vad.network import STATE, WINDOW

if TYPE_CHECKING:
    from voicestand.vad.weights import Weights

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


class Inference:
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

    def run(self) -> None:
        """Computes ``probability`` and ``next_state`` from ``audio`` and ``state``."""
        self.request.infer()


def compiled_for(core: Any, weights: Weights, windows: int, device: str) -> Any:
    """The network for so many windows in one call. Raises ``RuntimeError`` where that fails."""
    hints = _HINTS.get(device, _HINTS_ELSEWHERE)
    return core.compile_model(network.build(weights, windows), device, hints)


def proved_for(core: Any, weights: Weights, device: str) -> Any:
    """The network for one window, compiled for ``device``, which has computed it once.

    Raises ``RuntimeError`` where that fails, where silence would be speech, and where OpenVINO says
    that something else than ``device`` computes.
    """
    compiled = compiled_for(core, weights, 1, device)
    used = ",".join(compiled.get_property("EXECUTION_DEVICES"))
    if not (used == device or used.startswith(f"{device}.")):
        raise RuntimeError(f"OpenVINO computes on {used} where {device} was asked for")
    first = Inference(compiled.create_infer_request(), 1)
    first.run()
    if not 0.0 <= first.probability.item() < 0.5:
        raise RuntimeError(f"silence has the probability {first.probability.item()}")
    return compiled
