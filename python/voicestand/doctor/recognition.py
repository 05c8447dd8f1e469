"""The recognizer that comes with VoiceStand, those that were installed, and their models."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

from voicestand.doctor.check import Check

_MODEL = ("en-us/en-us/mdef", "en-us/en-us.lm.bin", "en-us/cmudict-en-us.dict")
"""Acoustic model, language model and dictionary; without one of them nothing is recognized."""


def recognizer() -> list[Check]:
    """The embedded engine and its model."""
    name, fix = "recognizer", "python -m pip install --force-reinstall pocketsphinx"
    try:
        import pocketsphinx
    except ImportError as error:
        return [Check(name, "error", f"pocketsphinx does not load: {error}", fix)]
    folder = Path(pocketsphinx.get_model_path())
    missing = [file for file in _MODEL if not (folder / file).is_file()]
    if missing:
        message = f"the English model of pocketsphinx lacks {', '.join(missing)}"
        return [Check(name, "error", message, fix)]
    message = (
        "pocketsphinx with its English model: works offline, and is the weakest; on real "
        "recordings expect a third of the words wrong"
    )
    return [Check(name, "ok", message)]


def installed() -> list[Check]:
    """The recognizers that can be installed, and the models that are there for each."""
    from voicestand.speech.registry import ENTRIES, better, missing_package, models_of

    name, lines, wanting = "more recognizers", [], []
    for entry in ENTRIES:
        models = [] if entry.embedded else [path.name for path in models_of(entry.name)]
        if entry.installed and not entry.embedded:
            version = _version(entry.requires.replace("_", "-"))
            lines.append(f"{entry.name} {version} with {', '.join(models) or 'no model'}")
            if not models:
                wanting.append("voicestand models list shows the models to pull")
        elif models:
            lines.append(f"{', '.join(models)} without {entry.name}")
            wanting.append(str(missing_package(entry.name)))
    if not lines:
        message = f"none is installed; for better captions: {better()}"
        return [Check(name, "ok", message)]
    fix = "; ".join(dict.fromkeys(wanting))
    return [Check(name, "warning" if wanting else "ok", "; ".join(lines), fix), *_genai()]


def _genai() -> list[Check]:
    """OpenVINO GenAI loads the OpenVINO it was built with, or crashes."""
    genai, openvino = _version("openvino-genai"), _version("openvino")
    if genai.split(".")[:2] == openvino.split(".")[:2] or "?" in (genai, openvino):
        return []
    return [
        Check(
            "openvino-genai",
            "warning",
            f"openvino-genai {genai} does not go with openvino {openvino}: whisper may not load",
            f"{sys.executable} -m pip install --upgrade openvino openvino-genai",
        )
    ]


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "?"
