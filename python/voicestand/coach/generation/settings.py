"""The models file: which language models may be sent what was said. Format: docs/coaching.md."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from voicestand.errors import EngineUnavailableError
from voicestand.routing import endpoint

PACKAGES = ("aiohttp", "cachetools")
"""Of the extra ``openai``."""

Price = Annotated[float, Meta(ge=0, le=100_000)]


class ModelSettings(endpoint.Endpoint, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model at one endpoint; its ``url`` is what stands before ``/chat/completions``."""

    format: Literal["schema", "object", "text"] = "object"
    """How it is made to answer in JSON: by a schema, by being told to, or by the prompt alone."""
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the endpoint calls the longest answer. OpenAI's reasoning models want the latter."""
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = 0.2
    price_in: Price = 0.0
    price_out: Price = 0.0
    """Of a million tokens, in any currency."""


class Models(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file."""

    deadline: Annotated[float, Meta(ge=0.2, le=30)] = 2.5
    """Seconds from a transcript until an answer to it is no longer awaited."""
    cache_seconds: Annotated[float, Meta(ge=0.1, le=3600)] = 45.0
    """For which the answer to the same question is remembered."""
    tokens_per_call: Annotated[int, Meta(ge=1)] = 200_000
    """Of one conversation, read and written; then no model is asked any more."""
    money_per_call: Annotated[float, Meta(ge=0)] = 0.0
    """Likewise, in the currency of the prices; 0: no limit."""
    model: Annotated[list[ModelSettings], Meta(min_length=1, max_length=16)]


def path_of(setting: str) -> Path | None:
    """The file that ``coach.models`` names; None: no model is asked."""
    return Path(setting).expanduser().absolute() if setting else None


def read(path: Path, environ: Mapping[str, str] = os.environ) -> Models:
    """The file, checked, with every key in its place.

    Raises ``InputError``: what is wrong in it, or with a key, and what to do.
    """
    found = endpoint.read(
        path,
        Models,
        "models file",
        "say in it which language model to ask (docs/coaching.md), or leave coach.models empty",
    )
    endpoint.check(found.model, path, "model", environ)
    return found


def ready(setting: str) -> Models | None:
    """What ``coach.models`` names, checked, with what asks them installed; None: no model.

    Raises ``InputError``, and ``EngineUnavailableError`` where packages are missing.
    """
    path = path_of(setting)
    if path is None:
        return None
    found = read(path)
    if missing := [package for package in PACKAGES if find_spec(package) is None]:
        raise EngineUnavailableError(
            f"language models are asked by packages that are not installed ({', '.join(missing)}): "
            "pip install 'voicestand[openai]', or leave coach.models empty"
        )
    return found


def notice(path: Path) -> str:
    """What to tell the user, once a session."""
    places = ", ".join(f"{one.name} ({one.host})" for one in read(path).model)
    return f"the words of what is said are sent to the language models in {path}: {places}"
