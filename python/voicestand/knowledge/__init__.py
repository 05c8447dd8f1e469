"""What the user's documents say: passages with their source and place, found by what is said.

``adding`` reads documents into the store, ``documents`` knows their formats, ``passages`` cuts
them, ``lexical`` finds them by words, ``vectors`` by meaning. Names are loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestand.lazy import names_of

if TYPE_CHECKING:
    from voicestand.knowledge.knowledge import Knowledge, Passage

__all__ = ["Knowledge", "Passage"]

_MODULES = {"Knowledge": "knowledge", "Passage": "knowledge"}

__getattr__ = names_of(__name__, _MODULES)
