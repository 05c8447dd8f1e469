"""What makes vectors of texts: a model on this machine, or a server of the user's choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from voicestand.knowledge.vectors import Matrix


class Embedder(Protocol):
    """Maps texts to vectors of length 1 that are near each other where the texts mean the same."""

    @property
    def name(self) -> str:
        """Tells its vectors from those of any other model."""

    def passages(self, texts: Sequence[str]) -> Matrix:
        """One row for each text. Raises ``VoicestandError`` where that fails."""

    def query(self, text: str) -> Matrix | None:
        """The vector of what is looked for; None where there is none in time."""
