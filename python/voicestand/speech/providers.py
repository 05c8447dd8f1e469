"""The providers file: who may be sent what was said, with which key. See docs/recognizers.md."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from voicestand.config_loader import default_file
from voicestand.routing import endpoint

FILE = "providers.toml"


class ProviderSettings(endpoint.Endpoint, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One endpoint; its ``url`` is what stands before ``/audio/transcriptions``."""

    language: str = ""
    """As the provider wants it, e.g. ``en``; empty: it finds out."""
    words: bool = False
    """Asks for the times of words. Not every model has them; one that has not refuses."""
    vocabulary: bool = True
    """Sends it the terms of ``speech.vocabulary``, as ``prompt``. Not every model takes one."""
    price_per_hour: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    """Of audio, in any currency; for the account alone."""


class Providers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file."""

    deadline: Annotated[float, Meta(ge=0.5, le=30)] = 4.0
    """Seconds from the end of an utterance until the local recognizer's words are taken instead."""
    provider: Annotated[list[ProviderSettings], Meta(min_length=1, max_length=16)]


def path_of(setting: str, environ: Mapping[str, str] = os.environ) -> Path:
    """The file that ``speech.providers`` names; empty: the one beside the usual settings file."""
    if not setting:
        return default_file(environ).with_name(FILE)
    return Path(setting).expanduser().absolute()


def read(path: Path, environ: Mapping[str, str] = os.environ) -> Providers:
    """The file, checked, with every key in its place.

    Raises ``InputError``: what is wrong in it, or with a key, and what to do.
    """
    found = endpoint.read(
        path,
        Providers,
        "providers file",
        "say in it whom to send audio to (docs/recognizers.md), or choose another speech.engine",
    )
    endpoint.check(found.provider, path, environ=environ)
    return found


def notice(path: Path, vocabulary: str = "") -> str:
    """What to tell the user, once a session; ``vocabulary``: the file of terms, if there is one."""
    found = read(path).provider
    places = ", ".join(f"{one.name} ({one.host})" for one in found)
    said = f"the audio of what is said is sent to the providers in {path}: {places}"
    told = ", ".join(one.name for one in found if one.vocabulary)
    return f"{said}; to {told} the terms in {vocabulary} too" if vocabulary and told else said
