"""A sentence model in ONNX, computed by OpenVINO on the CPU."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicestand.errors import InputError, ModelError
from voicestand.knowledge.vectors import Matrix, normalized
from voicestand.vad.runtime import openvino

_MODELS = ("model.onnx", "onnx/model.onnx")
_POOLING = "1_Pooling/config.json"

LONGEST = 512
"""Tokens; what is beyond is left out, as these models were trained."""

_BATCH = 16
"""Texts in one call: more are no quicker on a CPU, and take more memory."""

_SAMPLE = 1 << 20

# f32: without the hint CPUs with AMX compute in bf16. No pinning: which core a thread runs on is
# for the engine to say.
_HINTS: dict[str, object] = {
    "ENABLE_CPU_PINNING": False,
    "INFERENCE_PRECISION_HINT": "f32",
    "PERFORMANCE_HINT": "LATENCY",
}


class OnnxEmbedder:
    """The model in ``folder``: ``model.onnx`` (or ``onnx/model.onnx``) and ``tokenizer.json``.

    Raises ``InputError`` if the package ``tokenizers`` is missing, ``ModelError`` for a folder that
    holds no such model.
    """

    def __init__(self, folder: Path) -> None:
        if find_spec("tokenizers") is None:
            raise InputError(
                "knowledge.model needs the package tokenizers: pip install 'voicestand[embeddings]'"
            )
        model = next((folder / name for name in _MODELS if (folder / name).is_file()), None)
        if model is None or not (folder / "tokenizer.json").is_file():
            raise ModelError(f"{folder} holds no sentence model: model.onnx and tokenizer.json")
        try:
            self._tokenizer = _tokenizer(folder / "tokenizer.json")
            core = openvino().Core()
            self._request = core.compile_model(str(model), "CPU", _HINTS).create_infer_request()
        except Exception as error:  # tokenizers raises nothing narrower
            reason = " ".join(str(error).split())[-200:]
            message = f"the sentence model in {folder} cannot be loaded: {reason}"
            raise ModelError(message) from error
        self._inputs = [port.get_any_name() for port in self._request.model_inputs]
        self._first_token = _pools_first_token(folder)
        self._name = f"{folder.name}/{_fingerprint(model)}"
        self._lock = threading.Lock()
        """A request computes for one thread at a time."""

    @property
    def name(self) -> str:
        """See :class:`voicestand.knowledge.embedding.Embedder`."""
        return self._name

    def passages(self, texts: Sequence[str]) -> Matrix:
        """See :class:`voicestand.knowledge.embedding.Embedder`."""
        parts = [self._embedded(texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)]
        return np.concatenate(parts)

    def query(self, text: str) -> Matrix | None:
        """See :class:`voicestand.knowledge.embedding.Embedder`."""
        vector: Matrix = self._embedded([text])[0]
        return vector

    def _embedded(self, texts: Sequence[str]) -> Matrix:
        with self._lock:
            encoded = self._tokenizer.encode_batch([_clean(text) for text in texts])
            mask = np.array([one.attention_mask for one in encoded], np.int64)
            given = {
                "input_ids": np.array([one.ids for one in encoded], np.int64),
                "attention_mask": mask,
                "token_type_ids": np.array([one.type_ids for one in encoded], np.int64),
            }
            try:
                found = self._request.infer({name: given[name] for name in self._inputs})
            except (KeyError, RuntimeError) as error:
                reason = " ".join(str(error).split())[-200:]
                message = f"the sentence model {self._name} cannot be used: {reason}"
                raise ModelError(message) from error
            return normalized(self._pooled(np.array(found[0], np.float32), mask))

    def _pooled(self, states: Matrix, mask: NDArray[np.int64]) -> Matrix:
        """One vector a text: the model's own, that of the first token, or the tokens' mean."""
        if states.ndim == 2:
            return states
        if self._first_token:
            return np.ascontiguousarray(states[:, 0])
        weights = mask[:, :, None].astype(np.float32)
        mean: Matrix = (states * weights).sum(1) / np.maximum(weights.sum(1), 1)
        return mean


def _tokenizer(file: Path) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.enable_truncation(LONGEST)
    if tokenizer.padding is None:
        known = (tokenizer.token_to_id(token) for token in ("[PAD]", "<pad>"))
        # Any token will do: the mask leaves padding out.
        tokenizer.enable_padding(pad_id=next((number for number in known if number), 0))
    else:
        # To the longest of a batch, not to what was fixed for a training.
        tokenizer.enable_padding(**{**tokenizer.padding, "length": None})
    return tokenizer


def _pools_first_token(folder: Path) -> bool:
    """What the model's own settings say (sentence-transformers' layout); by default the mean."""
    try:
        settings = json.loads((folder / _POOLING).read_text(encoding="utf-8"))
        return bool(settings.get("pooling_mode_cls_token"))
    except (OSError, ValueError, AttributeError):
        return False


def _fingerprint(model: Path) -> str:
    """Of the file's size, begin and end: a model of a hundred megabytes is not read twice."""
    size = model.stat().st_size
    with model.open("rb") as file:
        sample = file.read(_SAMPLE)
        file.seek(max(0, size - _SAMPLE))
        sample += file.read()
    return hashlib.blake2b(sample + str(size).encode(), digest_size=6).hexdigest()


def _clean(text: str) -> str:
    """Without lone surrogates, which no tokenizer takes."""
    return text.encode(errors="replace").decode()
