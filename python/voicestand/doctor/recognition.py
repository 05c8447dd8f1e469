"""The recognizer that comes with VoiceStand."""

from __future__ import annotations

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
