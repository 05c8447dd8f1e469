"""A small network with the files, inputs and outputs of a Whisper network in OpenVINO's format.

Its words depend on the loudness of the audio at their place; after twelve of them it ends. It knows
no language.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops
from openvino_tokenizers import _get_factory, _get_opset_factory
from openvino_tokenizers.build_tokenizer import build_rwkv_tokenizer
from openvino_tokenizers.utils import create_string_constant_node

TEXT = [f" {first}{second}" for first in "bdgklmnprst" for second in ("a", "ei", "o", "uu")]
EOS, SOT, NO_TIMESTAMPS, PREVIOUS, TRANSCRIBE, TRANSLATE = range(len(TEXT), len(TEXT) + 6)
VOCABULARY = TRANSLATE + 1
WIDTH = 8
PROMPT = 2
WORDS = 12
POSITIONS = 1500


def make(folder: Path) -> Path:
    """Writes the model into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [*TEXT, *(f"<|{n}|>" for n in range(EOS, VOCABULARY))]
    # The pipeline tries its tokenizer out with a text of its own.
    letters = [*names, *map(chr, range(32, 127))]
    vocabulary = [f"{n} {name!r} {len(name)}" for n, name in enumerate(letters)]
    tokenizer, _ = build_rwkv_tokenizer(vocabulary)
    for name, model in (
        ("openvino_tokenizer", _masked(tokenizer)),
        ("openvino_detokenizer", _detokenizer(names)),
        ("openvino_encoder_model", _encoder()),
        ("openvino_decoder_model", _decoder()),
    ):
        ov.save_model(model, folder / f"{name}.xml", compress_to_fp16=False)
    for file, content in _CONFIGURATION.items():
        (folder / file).write_text(json.dumps(content))
    return folder


_CONFIGURATION = {
    "config.json": {
        "model_type": "whisper",
        "max_source_positions": POSITIONS,
        "max_target_positions": 448,
        "decoder_layers": 1,
        "decoder_attention_heads": 1,
    },
    "generation_config.json": {
        "decoder_start_token_id": SOT,
        "eos_token_id": EOS,
        "pad_token_id": EOS,
        "no_timestamps_token_id": NO_TIMESTAMPS,
        "prev_sot_token_id": PREVIOUS,
        "is_multilingual": False,
        "max_length": 448,
        "suppress_tokens": [],
        "begin_suppress_tokens": [],
        "return_timestamps": False,
    },
    "preprocessor_config.json": {
        "feature_size": 80,
        "sampling_rate": 16_000,
        "hop_length": 160,
        "n_fft": 400,
        "chunk_length": 30,
        "n_samples": 480_000,
        "nb_max_frames": 3000,
    },
}


def _masked(tokenizer: ov.Model) -> ov.Model:
    """With the mask that the pipeline looks for when it is given a prompt."""
    ids = tokenizer.outputs[0].get_node().input_value(0)
    mask = ops.convert(ops.equal(ids, ids), "i64")
    mask.output(0).set_names({"attention_mask"})
    named = ops.convert(ids, "i64")
    named.output(0).set_names({"input_ids"})
    return ov.Model([named, mask], tokenizer.get_parameters(), "tokenizer")


def _detokenizer(names: list[str]) -> ov.Model:
    """From tokens to text, without the special ones, in the form that the pipeline looks for."""
    ids = _parameter("token_ids", [-1, -1], np.int64)
    special = ops.constant(np.arange(EOS, VOCABULARY, dtype=np.int32))
    bounds = [ops.constant(np.array([n], np.int32)) for n in (0, 2**31 - 1, 1)]
    *ragged, characters = (
        _get_factory()
        .create(
            "VocabDecoder",
            [
                *ops.convert(ids, "i32").outputs(),
                *create_string_constant_node(names),
                *ops.slice(special, *bounds).outputs(),
            ],
        )
        .outputs()
    )
    fused = [*_get_factory().create("FuzeRagged", ragged).outputs(), characters]
    text = _get_opset_factory("opset15").create("StringTensorPack", fused)
    text.output(0).tensor.set_names({"string_output"})
    return ov.Model(text.outputs(), [ids], "detokenizer")


def _encoder() -> ov.Model:
    features = _parameter("input_features", [-1, 80, -1], np.float32)
    pairs = ops.reshape(features, np.array([0, 80, POSITIONS, 2]), special_zero=True)
    means = ops.reduce_mean(pairs, np.array([3]))
    turned = ops.transpose(means, np.array([0, 2, 1]))
    weights = np.random.default_rng(1).normal(size=(80, WIDTH)).astype(np.float32)
    hidden = ops.matmul(turned, ops.constant(weights), False, False)
    hidden.output(0).tensor.set_names({"last_hidden_state"})
    return ov.Model(hidden.outputs(), [features], "encoder")


def _decoder() -> ov.Model:
    ids, hidden, beams, positions = (
        _parameter("input_ids", [-1, -1], np.int64),
        _parameter("encoder_hidden_states", [-1, -1, WIDTH], np.float32),
        _parameter("beam_idx", [-1], np.int32),
        _parameter("cache_position", [-1], np.int64),
    )
    now = ops.reduce_max(positions, np.array([0]), keep_dims=True)
    # A word for every half a second: 25 positions. The beam is always the first.
    beam = ops.convert(ops.reduce_max(beams, np.array([0]), keep_dims=True), "i64")
    place = ops.add(ops.multiply(now, ops.constant(np.array([25], np.int64))), beam)
    state = ops.gather(hidden, place, ops.constant(1))
    weights = np.random.default_rng(2).normal(size=(WIDTH, len(TEXT))).astype(np.float32)
    words = ops.matmul(state, ops.constant(weights), False, False)
    over = ops.convert(ops.greater(now, ops.constant(np.array([PROMPT + WORDS - 2]))), "f32")
    never = np.full((1, 1, VOCABULARY - len(TEXT)), -1e9, np.float32)
    end = np.zeros_like(never)
    end[..., 0] = 2e9
    ends = ops.add(ops.constant(never), ops.multiply(ops.constant(end), over))
    length = ops.gather(ops.shape_of(ids), ops.constant([1]), ops.constant(0))
    one, all_ = (ops.constant(np.array([n], np.int64)) for n in (1, VOCABULARY))
    logits = ops.broadcast(ops.concat([words, ends], 2), ops.concat([one, length, all_], 0))
    logits.output(0).tensor.set_names({"logits"})
    return ov.Model(logits.outputs(), [ids, hidden, beams, positions], "decoder")


def _parameter(name: str, shape: list[int], kind: Any) -> Any:
    node = ops.parameter(shape, kind, name=name)
    node.output(0).tensor.set_names({name})
    return node
