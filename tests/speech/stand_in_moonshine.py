"""Small networks with the files, inputs and outputs of a streaming Moonshine model.

Their tokens depend on each 160 ms of audio and on the order in which it came. They know no
language; the tokenizer is the one that the package carries.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import moonshine_voice
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64 = int(TensorProto.FLOAT), int(TensorProto.INT64)
WIDTH = 8
HOP = 320
VOCABULARY = 2000
BOS, EOS = 1, 2
FRAMES_PER_TOKEN = 8

CONFIGURATION = {
    "encoder_dim": WIDTH,
    "decoder_dim": WIDTH,
    "depth": 1,
    "nheads": 1,
    "head_dim": WIDTH,
    "vocab_size": VOCABULARY,
    "bos_id": BOS,
    "eos_id": EOS,
    "frame_len": 80,
    "total_lookahead": 4,
    "d_model_frontend": WIDTH,
    "c1": WIDTH,
    "c2": WIDTH,
    "max_seq_len": 448,
}
"""Written without spaces before the colons: that is how the library looks for its keys."""

Shapes = dict[str, tuple[int, list[int | str]]]


def _of(kind: int, *shape: int | str) -> tuple[int, list[int | str]]:
    return kind, list(shape)


def make(folder: Path) -> Path:
    """Writes the model into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "streaming_config.json").write_text(json.dumps(CONFIGURATION))
    tokenizer = Path(moonshine_voice.__file__).parent / "assets" / "tiny-en" / "tokenizer.bin"
    shutil.copy(tokenizer, folder)
    for name, network in (
        ("frontend", _frontend()),
        ("encoder", _encoder()),
        ("adapter", _adapter()),
        ("cross_kv", _cross_kv()),
        ("decoder_kv", _decoder_kv()),
    ):
        _convert(network, folder / f"{name}.ort")
    return folder


def _convert(network: onnx.ModelProto, target: Path) -> None:
    """Writes ``network`` in ONNX Runtime's own format, the only one that the library takes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    options.add_session_config_entry("session.save_model_format", "ORT")
    onnxruntime.InferenceSession(
        network.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _model(
    inputs: Shapes,
    outputs: Shapes,
    nodes: Sequence[onnx.NodeProto],
    **constants: np.ndarray[tuple[int, ...], np.dtype[np.generic]],
) -> onnx.ModelProto:
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [value(name, kind, shape) for name, (kind, shape) in inputs.items()],
        [value(name, kind, shape) for name, (kind, shape) in outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def _weights(seed: int, *shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def _frontend() -> onnx.ModelProto:
    states: Shapes = {
        "sample_buffer": _of(FLOAT, 1, 79),
        "sample_len": _of(INT64, 1),
        "conv1_buffer": _of(FLOAT, 1, WIDTH, 4),
        "conv2_buffer": _of(FLOAT, 1, WIDTH, 4),
        "frame_count": _of(INT64, 1),
    }
    node = helper.make_node
    return _model(
        {"audio_chunk": _of(FLOAT, 1, "n")} | states,
        {"features": _of(FLOAT, 1, "frames", WIDTH)}
        | {f"{name}_out": shape for name, shape in states.items()},
        [
            node("Reshape", ["audio_chunk", "shape"], ["frames_of_audio"]),
            node("MatMul", ["frames_of_audio", "weights"], ["features"]),
            *(node("Identity", [name], [f"{name}_out"]) for name in states),
        ],
        shape=np.array([1, -1, HOP]),
        weights=_weights(3, HOP, WIDTH),
    )


def _encoder() -> onnx.ModelProto:
    shape: Shapes = {"features": _of(FLOAT, 1, "n", WIDTH)}
    nodes = [helper.make_node("Tanh", ["features"], ["encoded"])]
    return _model(shape, {"encoded": shape["features"]}, nodes)


def _adapter() -> onnx.ModelProto:
    shape = _of(FLOAT, 1, "n", WIDTH)
    node = helper.make_node
    return _model(
        {"encoded": shape, "pos_offset": _of(INT64, 1)},
        {"memory": shape},
        [
            node("Cast", ["pos_offset"], ["place"], to=FLOAT),
            node("Mul", ["place", "unit"], ["shift"]),
            node("Add", ["encoded", "shift"], ["memory"]),
        ],
        unit=np.array([0.001], np.float32),
    )


def _cross_kv() -> onnx.ModelProto:
    shape = _of(FLOAT, 1, 1, 1, "n", WIDTH)
    node = helper.make_node
    return _model(
        {"memory": _of(FLOAT, 1, "n", WIDTH)},
        {"k_cross": shape, "v_cross": shape},
        [
            node("Unsqueeze", ["memory", "axes"], ["k_cross"]),
            node("Identity", ["k_cross"], ["v_cross"]),
        ],
        axes=np.array([1, 2]),
    )


def _decoder_kv() -> onnx.ModelProto:
    """A token for every eight frames that are there; then the end."""
    past, cross = _of(FLOAT, 1, 1, 1, "c", WIDTH), _of(FLOAT, 1, 1, 1, "n", WIDTH)
    new = _of(FLOAT, 1, 1, 1, "d", WIDTH)
    node = helper.make_node
    end = np.zeros((1, VOCABULARY), np.float32)
    end[0, EOS] = 1e6
    return _model(
        {
            "token": _of(INT64, 1, "t"),
            "k_self": past,
            "v_self": past,
            "out_k_cross": cross,
            "out_v_cross": cross,
        },
        {"logits": _of(FLOAT, 1, "t", VOCABULARY), "out_k_self": new, "out_v_self": new},
        [
            node("Shape", ["k_self"], ["shape_of_past"]),
            node("Gather", ["shape_of_past", "three"], ["first"], axis=0),
            node("Shape", ["token"], ["shape_of_token"]),
            node("Gather", ["shape_of_token", "one"], ["count"], axis=0),
            node("Add", ["first", "count"], ["last"]),
            node("Range", ["first", "last", "one"], ["steps"]),
            node("Mul", ["steps", "stride"], ["wanted"]),
            node("Shape", ["out_k_cross"], ["shape_of_cross"]),
            node("Gather", ["shape_of_cross", "three"], ["length"], axis=0),
            node("Sub", ["length", "one"], ["furthest"]),
            node("Min", ["wanted", "furthest"], ["place"]),
            node("Gather", ["out_k_cross", "place"], ["found"], axis=3),
            node("Reshape", ["found", "rows"], ["state"]),
            node("MatMul", ["state", "weights"], ["scores"]),
            node("Greater", ["wanted", "furthest"], ["is_over"]),
            node("Cast", ["is_over"], ["over"], to=FLOAT),
            node("Unsqueeze", ["over", "minus_one"], ["column"]),
            node("MatMul", ["column", "end"], ["ends"]),
            node("Add", ["scores", "ends"], ["sum"]),
            node("Unsqueeze", ["sum", "zero"], ["logits"]),
            node("Unsqueeze", ["state", "three_axes"], ["added"]),
            node("Concat", ["k_self", "added"], ["out_k_self"], axis=3),
            node("Concat", ["v_self", "added"], ["out_v_self"], axis=3),
        ],
        three=np.array(3),
        one=np.array(1),
        stride=np.array(FRAMES_PER_TOKEN),
        rows=np.array([-1, WIDTH]),
        weights=_weights(5, WIDTH, VOCABULARY),
        minus_one=np.array([-1]),
        end=end,
        zero=np.array([0]),
        three_axes=np.array([0, 1, 2]),
    )
