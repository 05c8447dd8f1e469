"""A small network with the inputs, outputs and metadata of a streaming zipformer2 with CTC.

Its tokens depend on the spectrum of each 40 ms and on a state that it carries on, so that audio
that is lost, doubled or out of order changes the text. It knows no language.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WORDS = ["ba", "ku", "mi", "te", "so", "ra", "▁na", "▁lo", "▁pi", "▁do", "▁ve", "▁zu", "▁ha"]
CHUNK, PADDED, FEATURES = 32, 45, 80
LEFT, KEY, VALUE, DIM, KERNEL = 8, 4, 4, 8, 5
FRAMES = CHUNK // 4
VOCABULARY = 1 + len(WORDS)

Shape = list[int | str]

INPUT: Shape = ["N", PADDED, FEATURES]
STATES: dict[str, Shape] = {
    "cached_key_0": [LEFT, "N", KEY],
    "cached_nonlin_attn_0": [1, "N", LEFT, 3 * DIM // 4],
    "cached_val1_0": [LEFT, "N", VALUE],
    "cached_val2_0": [LEFT, "N", VALUE],
    "cached_conv1_0": ["N", DIM, KERNEL // 2],
    "cached_conv2_0": ["N", DIM, KERNEL // 2],
    "embed_states": ["N", 128, 3, 19],
}
METADATA = {
    "model_type": "zipformer2",
    "version": "1",
    "model_author": "a test",
    "comment": "a stand-in, not a recognizer",
    "encoder_dims": str(DIM),
    "query_head_dims": str(KEY),
    "value_head_dims": str(VALUE),
    "num_heads": "1",
    "num_encoder_layers": "1",
    "cnn_module_kernels": str(KERNEL),
    "left_context_len": str(LEFT),
    "T": str(PADDED),
    "decode_chunk_len": str(CHUNK),
}


def make(folder: Path) -> Path:
    """Writes the network and its tokens into ``folder``, which is a model then."""
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / "model.int8.onnx", graph(VOCABULARY, "log_probs"), METADATA)
    write_tokens(folder, WORDS)
    return folder


def save(path: Path, network: onnx.GraphProto, metadata: dict[str, str]) -> None:
    model = helper.make_model(network, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_tokens(folder: Path, tokens: list[str]) -> None:
    lines = [f"{token} {n}" for n, token in enumerate(["<blk>", *tokens])]
    (folder / "tokens.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _constant(name: str, value: Any) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(value), name)


def graph(width: int, output: str) -> onnx.GraphProto:
    """The network; ``output`` has so many logarithmic probabilities for each frame."""
    random = np.random.default_rng(7)
    constants = [
        _constant("starts", np.array([0], np.int64)),
        _constant("ends", np.array([CHUNK], np.int64)),
        _constant("axis", np.array([1], np.int64)),
        _constant("frames", np.array([0, FRAMES, 4 * FEATURES], np.int64)),
        _constant("weights", random.normal(size=(4 * FEATURES, width)).astype(np.float32)),
        _constant("step", np.array([FRAMES], np.int64)),
        _constant("decay", np.float32(0.5)),
    ]
    nodes = [
        helper.make_node("Slice", ["x", "starts", "ends", "axis"], ["chunk"]),
        helper.make_node("Reshape", ["chunk", "frames"], ["stacked"]),
        helper.make_node("MatMul", ["stacked", "weights"], ["scores"]),
        # What came before counts: the mean of a state that every chunk changes.
        helper.make_node("ReduceMean", ["cached_conv1_0"], ["past"], keepdims=0),
        helper.make_node("Sin", ["scores"], ["bounded"]),
        helper.make_node("Mul", ["bounded", "past"], ["swayed"]),
        helper.make_node("Add", ["scores", "swayed"], ["mixed"]),
        helper.make_node("LogSoftmax", ["mixed"], [output], axis=-1),
        helper.make_node("ReduceMean", ["chunk"], ["loudness"], keepdims=0),
        helper.make_node("Mul", ["cached_conv1_0", "decay"], ["faded"]),
        helper.make_node("Add", ["faded", "loudness"], ["new_cached_conv1_0"]),
        helper.make_node("Add", ["processed_lens", "step"], ["new_processed_lens"]),
    ]
    nodes += [
        helper.make_node("Identity", [name], [f"new_{name}"])
        for name in STATES
        if name != "cached_conv1_0"
    ]
    value = helper.make_tensor_value_info
    inputs = [value("x", TensorProto.FLOAT, INPUT)]
    outputs = [value(output, TensorProto.FLOAT, ["N", FRAMES, width])]
    for name, shape in STATES.items():
        inputs.append(value(name, TensorProto.FLOAT, shape))
        outputs.append(value(f"new_{name}", TensorProto.FLOAT, shape))
    inputs.append(value("processed_lens", TensorProto.INT64, ["N"]))
    outputs.append(value("new_processed_lens", TensorProto.INT64, ["N"]))
    return helper.make_graph(nodes, "stand-in", inputs, outputs, constants)
