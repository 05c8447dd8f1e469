"""Engines by name and model: ``voicestand.speech.loading:ENGINE@FOLDER``.

Behind a line break follows the file of the vocabulary, behind another one the device that computes.

A worker makes the engine ``module:Class`` without arguments. Here such a class is looked up by the
engine's name, and knows its model.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

from voicestand.speech import vocabulary
from voicestand.speech.protocol import BiasedEngine, RecognizerEngine
from voicestand.speech.registry import Choice, Entry, find
from voicestand.speech.vocabulary import Term


def __getattr__(name: str) -> Callable[[], RecognizerEngine]:
    made, file, device, *_ = f"{name}\n\n".split("\n")
    engine, at, folder = made.partition("@")
    if not at:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    terms = vocabulary.read(Path(file)) if file else []
    return functools.partial(make, find(engine), Path(folder) if folder else None, terms, device)


def make(
    entry: Entry, model: Path | None, terms: Sequence[Term], device: str = ""
) -> RecognizerEngine:
    """The engine, its model loaded, told the terms, and the device if it is to be told one."""
    arguments: list[object] = [model] if model is not None else []
    if terms:
        arguments.append(terms)
    return _class(entry)(*arguments, **({"device": device} if device else {}))


def unused(choice: Choice) -> str | None:
    """In a line, what the engine will not use of the vocabulary, and why; None: it uses all."""
    if choice.vocabulary is None:
        return None
    return unused_terms(choice, vocabulary.read(choice.vocabulary))


def unused_terms(choice: Choice, terms: Sequence[Term]) -> str | None:
    """The same of these terms; the line begins with the engine's name."""
    said = _class(choice.entry).unused(choice.model, terms)
    return said and f"{choice.name}: {said}"


def _class(entry: Entry) -> type[BiasedEngine]:
    module, _, name = entry.path.partition(":")
    return cast("type[BiasedEngine]", getattr(import_module(module), name))
