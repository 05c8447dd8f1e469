"""The stand-in zipformer as a transducer of icefall's kind, with SentencePiece's vocabulary.

Its tokens are nearly as likely as each other, so that a few hotwords sway it. It knows no language.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from onnx import GraphProto, TensorProto, helper, numpy_helper
from tests.speech import stand_in_zipformer
from tests.speech.stand_in_zipformer import METADATA, save, write_tokens

PIECES = ["▁", "▁ZA", "LAN", "DO", *"ZALNDOKUBERTS", "▁KU", "BER", "▁S", "TES"]
WIDTH = 1 + len(PIECES)
CONTEXT = 2


def make(folder: Path) -> Path:
    """Writes the networks, their tokens and ``bpe.model`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder = stand_in_zipformer.graph(WIDTH, "encoder_out")
    save(folder / "encoder.int8.onnx", encoder, METADATA)
    stated = {"vocab_size": str(WIDTH), "context_size": str(CONTEXT)}
    save(folder / "decoder.int8.onnx", decoder(), stated)
    save(folder / "joiner.int8.onnx", _joiner(), {"joiner_dim": str(WIDTH)})
    write_tokens(folder, PIECES)
    (folder / "bpe.model").write_bytes(sentencepiece_model(PIECES))
    return folder


def sentencepiece_model(pieces: list[str]) -> bytes:
    """A ModelProto: for each piece its text, score and kind, and something else behind them."""
    model = b""
    for score, piece in enumerate(pieces):
        text = piece.encode()
        fields = b"\x0a" + bytes([len(text)]) + text
        fields += b"\x15" + struct.pack("<f", -score) + b"\x18\x01"
        model += b"\x0a" + bytes([len(fields)]) + fields
    return model + b"\x12\x03abc"


def decoder() -> GraphProto:
    table = np.random.default_rng(3).normal(size=(WIDTH, WIDTH), scale=0.3).astype(np.float32)
    value, node = helper.make_tensor_value_info, helper.make_node
    return helper.make_graph(
        [
            node("Gather", ["y", "last"], ["token"], axis=1),
            node("Gather", ["table", "token"], ["decoder_out"], axis=0),
        ],
        "decoder",
        [value("y", TensorProto.INT64, ["N", CONTEXT])],
        [value("decoder_out", TensorProto.FLOAT, ["N", WIDTH])],
        [
            numpy_helper.from_array(np.array(CONTEXT - 1), "last"),
            numpy_helper.from_array(table, "table"),
        ],
    )


def _joiner() -> GraphProto:
    value, node = helper.make_tensor_value_info, helper.make_node
    return helper.make_graph(
        [
            node("Sin", ["encoder_out"], ["bounded"]),
            node("Add", ["bounded", "decoder_out"], ["logit"]),
        ],
        "joiner",
        [value(name, TensorProto.FLOAT, ["N", WIDTH]) for name in ("encoder_out", "decoder_out")],
        [value("logit", TensorProto.FLOAT, ["N", WIDTH])],
    )
