"""What makes vectors of texts: a model on this machine, or a server of the user's choice."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from voicestand.errors import InputError

if TYPE_CHECKING:
    from voicestand.config import KnowledgeSettings
    from voicestand.knowledge.vectors import Matrix


class Embedder(Protocol):
    """Maps texts to vectors of length 1 that are near each other where the texts mean the same."""

    @property
    def name(self) -> str:
        """Tells its vectors from those of any other model."""

    def passages(self, texts: Sequence[str]) -> Matrix:
        """One row for each text. Raises ``ModelError`` where that fails."""

    def query(self, text: str) -> Matrix | None:
        """The vector of what is looked for; None where there is none in time."""


def configured(
    settings: KnowledgeSettings, environ: Mapping[str, str] = os.environ
) -> Embedder | None:
    """The one that the settings name; None: only words are looked for.

    Raises ``InputError`` where a package or a key is missing, ``ModelError`` for a folder that
    holds no model.
    """
    if settings.model:
        from voicestand.knowledge.onnx_embedder import OnnxEmbedder

        return OnnxEmbedder(Path(settings.model).expanduser())
    if settings.endpoint:
        from voicestand.knowledge.endpoint_embedder import EndpointEmbedder

        key = environ.get(settings.endpoint_key_env, "") if settings.endpoint_key_env else ""
        if settings.endpoint_key_env and not (key.isascii() and key.isprintable() and key):
            raise InputError(f"the environment variable {settings.endpoint_key_env} holds no key")
        return EndpointEmbedder(
            settings.endpoint, settings.endpoint_model, key, seconds=settings.endpoint_seconds
        )
    return None
