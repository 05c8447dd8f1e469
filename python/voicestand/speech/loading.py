"""Engines by name and model: ``voicestand.speech.loading:ENGINE@FOLDER``.

Behind a line break follows the file of the vocabulary, if there is one.

A worker makes the engine ``module:Class`` without arguments. Here such a class is looked up by the
engine's name, and knows its model.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from voicestand.speech import vocabulary
from voicestand.speech.protocol import RecognizerEngine
from voicestand.speech.registry import find


def __getattr__(name: str) -> Callable[[], RecognizerEngine]:
    made, _, terms = name.partition("\n")
    engine, at, folder = made.partition("@")
    if not at:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, kind = find(engine).path.partition(":")
    arguments: list[object] = [Path(folder)] if folder else []
    if terms:
        arguments.append(vocabulary.read(Path(terms)))
    return functools.partial(getattr(import_module(module), kind), *arguments)
