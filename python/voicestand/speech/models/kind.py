"""Which recognizer a folder is a model for, told from the names of its files."""

from __future__ import annotations

from pathlib import Path

MOONSHINE = "moonshine"
SHERPA_ONNX = "sherpa-onnx"
WHISPER = "whisper"


def engine_of(folder: Path) -> str | None:
    """Name of the recognizer that can use the model in ``folder``; None where none can."""
    if (folder / "openvino_encoder_model.xml").is_file():
        return WHISPER
    if (folder / "streaming_config.json").is_file() and (folder / "encoder.ort").is_file():
        return MOONSHINE
    networks = any(folder.glob("*.onnx")) or any(folder.glob("*.ort"))
    return SHERPA_ONNX if networks and any(folder.glob("*tokens.txt")) else None
