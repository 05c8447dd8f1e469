"""What kind of sherpa-onnx model a folder holds, told from its files and their metadata."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path
from typing import NamedTuple

from voicestand.errors import ModelError
from voicestand.speech.protobuf import fields, message

_METADATA_FIELD = 14
"""Of ModelProto, in onnx.proto."""

_KEY, _VALUE = 1, 2
"""Of StringStringEntryProto."""


class SherpaModel(NamedTuple):
    """A model and how to make a recognizer of it."""

    streaming: bool
    method: str
    """Of ``OnlineRecognizer`` or ``OfflineRecognizer``."""
    files: dict[str, str]
    """Its arguments that are files."""


def sherpa_model(folder: Path) -> SherpaModel:
    """The model in ``folder``; raises ``ModelError`` where it is of no kind that is known here."""
    files = _Files(folder)
    found = _transducer(files) or _moonshine(files) or _encoder_decoder(files) or _ctc(files)
    if found is None:
        raise ModelError(f"{folder} holds no sherpa-onnx model of a kind that is known here")
    return found


class _Files:
    """The networks in a folder by what they do."""

    def __init__(self, folder: Path) -> None:
        self._names = sorted(path.name for path in folder.iterdir() if path.is_file())
        self._folder = folder
        self.tokens = self.one("*tokens.txt")

    def one(self, *patterns: str) -> str:
        """The file that is meant among those of ``patterns``; empty if there is none.

        Of several exports in one folder: the one in 8 bits, then the one with the longest context.
        """
        for pattern in patterns:
            names = fnmatch.filter(self._names, pattern)
            if names:
                best = max(names, key=lambda name: ("int8" in name, _numbers(name)))
                return str(self._folder / best)
        return ""


def _numbers(name: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", name.replace("int8", ""))]


def _transducer(files: _Files) -> SherpaModel | None:
    encoder, decoder, joiner = (
        files.one(f"*{part}*.onnx") for part in ("encoder", "decoder", "joiner")
    )
    if not (encoder and decoder and joiner):
        return None
    parts = {"encoder": encoder, "decoder": decoder, "joiner": joiner, "tokens": files.tokens}
    return SherpaModel(_streams(metadata(Path(encoder))), "from_transducer", parts)


def _moonshine(files: _Files) -> SherpaModel | None:
    if preprocessor := files.one("preprocess*.onnx"):
        first = {
            "preprocessor": preprocessor,
            "encoder": files.one("encode*.onnx"),
            "uncached_decoder": files.one("uncached_decode*.onnx"),
            "cached_decoder": files.one("cached_decode*.onnx"),
            "tokens": files.tokens,
        }
        return SherpaModel(False, "from_moonshine", first) if all(first.values()) else None
    second = {
        "encoder": files.one("encoder_model.*"),
        "decoder": files.one("decoder_model_merged.*"),
        "tokens": files.tokens,
    }
    return SherpaModel(False, "from_moonshine_v2", second) if all(second.values()) else None


def _encoder_decoder(files: _Files) -> SherpaModel | None:
    encoder, decoder = files.one("*encoder*.onnx"), files.one("*decoder*.onnx")
    if not (encoder and decoder):
        return None
    parts = {"encoder": encoder, "decoder": decoder, "tokens": files.tokens}
    stated = metadata(Path(encoder))
    if stated.get("model_type", "").startswith("whisper"):
        return SherpaModel(False, "from_whisper", parts)
    if "lfr_window_size" in stated:
        return SherpaModel(True, "from_paraformer", parts)
    return None


_CTC = {
    # What the metadata calls it: the streaming kind, the other kind, its argument.
    "zipformer2": ("from_zipformer2_ctc", "", "model"),
    "zipformer2_ctc": ("", "from_zipformer_ctc", "model"),
    "EncDecCTCModel": ("from_nemo_ctc", "from_nemo_ctc", "model"),
    "EncDecCTCModelBPE": ("from_nemo_ctc", "from_nemo_ctc", "model"),
    "EncDecHybridRNNTCTCBPEModel": ("from_nemo_ctc", "from_nemo_ctc", "model"),
    "sense_voice_ctc": ("", "from_sense_voice", "model"),
    "paraformer": ("", "from_paraformer", "paraformer"),
}


def _ctc(files: _Files) -> SherpaModel | None:
    network = files.one("model*.onnx", "*ctc*.onnx")
    if not network:
        return None
    stated = metadata(Path(network))
    online, offline, argument = _CTC.get(stated.get("model_type", ""), ("", "", ""))
    streaming = _streams(stated)
    method = online if streaming else offline
    if not method:
        return None
    return SherpaModel(streaming, method, {argument: network, "tokens": files.tokens})


def _streams(stated: dict[str, str]) -> bool:
    """Whether a network takes audio piece by piece: then it states how long a piece is."""
    return "decode_chunk_len" in stated or "chunk_shift" in stated


def metadata(network: Path) -> dict[str, str]:
    """What an ONNX file states about itself, without reading the weights.

    Raises ``ModelError`` where the file is no ONNX file.
    """
    stated = {}
    try:
        with network.open("rb") as file:
            for _, content in fields(file, {_METADATA_FIELD}):
                entry = message(content, {_KEY, _VALUE})
                stated[_text(entry.get(_KEY))] = _text(entry.get(_VALUE))
    except (ValueError, EOFError) as error:
        raise ModelError(f"{network} is no ONNX file: {error}") from error
    except OSError as error:
        raise ModelError(f"{network} cannot be read: {error.strerror}") from error
    return stated


def _text(content: bytes | None) -> str:
    return (content or b"").decode(errors="replace")
