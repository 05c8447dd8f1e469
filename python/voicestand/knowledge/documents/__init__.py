"""The formats of documents, one file each: bytes in, blocks with their places out."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

from voicestand.errors import InputError
from voicestand.knowledge.documents.block import Block

Format = Literal["markdown", "plain", "html", "pdf", "docx"]
FORMATS: tuple[Format, ...] = get_args(Format)

FOREIGN: tuple[Format, ...] = ("html", "pdf", "docx")
"""Formats whose parsers are complex enough to hang or to grow on a file that was made to."""

_SUFFIXES: dict[str, Format] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "plain",
    ".text": "plain",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".docx": "docx",
}


def format_of(path: Path) -> Format | None:
    """The format that a file's name tells; None: none that is known."""
    return _SUFFIXES.get(path.suffix.lower())


def require(form: Format) -> None:
    """Raises ``InputError`` where a package for this format is missing."""
    if form == "pdf" and find_spec("pypdf") is None:
        raise InputError("needs the package pypdf: pip install 'voicestand[knowledge]'")


def read(form: Format, data: bytes) -> list[Block]:
    """The blocks of a document. Raises ``InputError`` for what cannot be read."""
    module = import_module(f"voicestand.knowledge.documents.{form}")
    reader: Callable[[bytes], list[Block]] = module.read
    return reader(data)
