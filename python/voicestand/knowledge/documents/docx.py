"""DOCX: paragraphs, headings and tables of WordprocessingML (ECMA-376, part 1)."""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO
from xml.etree import ElementTree
from xml.parsers import expat

from voicestand.errors import InputError
from voicestand.knowledge.documents.block import Block, Outline

_MOST_XML = 64 << 20
"""Bytes, unpacked; a thousand pages are some 10 MB."""

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DEEPEST = 100


def read(data: bytes) -> list[Block]:
    """The blocks. Raises ``InputError`` for what cannot be read."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            body = _parsed(_unpacked(archive, "word/document.xml"))
            levels = _heading_levels(archive)
    # What ``zipfile`` raises for archives that are damaged, cut off, lack the part, are packed in a
    # way it does not know, or encrypted.
    except (zipfile.BadZipFile, KeyError, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise InputError("is no DOCX that can be read: open it and save it again") from None
    outline = Outline()
    _walk(body, outline, levels, 0)
    return outline.close()


def _unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    # The size in the archive's directory may lie: what counts is what comes out.
    with archive.open(name) as file:
        content = file.read(_MOST_XML + 1)
    if len(content) > _MOST_XML:
        raise InputError(f"unpacks to more than {_MOST_XML >> 20} MB: split it")
    return content


def _parsed(content: bytes) -> ElementTree.Element:
    """The root. A document type, by which entities multiply, is in no DOCX."""
    parser = expat.ParserCreate(namespace_separator="}")
    builder = ElementTree.TreeBuilder()

    def named(name: str) -> str:
        return "{" + name if "}" in name else name

    def refuse(*_: object) -> None:
        raise InputError("is no DOCX that can be read: it declares a document type")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda name, attributes: builder.start(
        named(name), {named(key): value for key, value in attributes.items()}
    )
    parser.EndElementHandler = lambda name: builder.end(named(name))
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        raise InputError("is no DOCX that can be read: its XML is damaged") from None
    return builder.close()


def _heading_levels(archive: zipfile.ZipFile) -> dict[str, int]:
    """The styles that are headings, by their ids, which are translated, with their levels."""
    try:
        styles = _parsed(_unpacked(archive, "word/styles.xml"))
    except KeyError:
        return {}
    levels = {}
    for style in styles.iter(f"{_W}style"):
        name = style.find(f"{_W}name")
        words = (name.get(f"{_W}val", "") if name is not None else "").lower().split()
        identifier = style.get(f"{_W}styleId", "")
        if words == ["title"]:
            levels[identifier] = 0
        elif len(words) == 2 and words[0] == "heading" and words[1].isdecimal():
            levels[identifier] = int(words[1])
    return levels


def _walk(
    element: ElementTree.Element, outline: Outline, levels: dict[str, int], depth: int
) -> None:
    if depth > _DEEPEST:
        raise InputError("is no DOCX that can be read: it is nested too deeply")
    for child in element:
        if child.tag == f"{_W}p":
            _paragraph(child, outline, levels)
        elif child.tag == f"{_W}tr":
            cells = (" ".join(_text(cell).split()) for cell in child.findall(f"{_W}tc"))
            outline.paragraph(" | ".join(cell for cell in cells if cell))
        else:
            _walk(child, outline, levels, depth + 1)


def _paragraph(element: ElementTree.Element, outline: Outline, levels: dict[str, int]) -> None:
    text = " ".join(_text(element).split())
    style = element.find(f"{_W}pPr/{_W}pStyle")
    level = levels.get(style.get(f"{_W}val", "")) if style is not None else None
    if level is None:
        outline.paragraph(text)
    else:
        outline.heading(level, text)


def _text(element: ElementTree.Element) -> str:
    """What is shown of it: not what is deleted, nor the codes of fields."""
    parts = []
    for part in element.iter():
        if part.tag == f"{_W}t":
            parts.append(part.text or "")
        elif part.tag in (f"{_W}tab", f"{_W}br", f"{_W}cr", f"{_W}p"):
            parts.append(" ")
    return "".join(parts)
