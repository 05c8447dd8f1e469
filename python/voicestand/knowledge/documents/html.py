"""HTML: what a reader of the page sees, under its headings."""

from __future__ import annotations

from html.parser import HTMLParser

from voicestand.knowledge.documents.block import Block, Outline
from voicestand.knowledge.documents.plain import decoded

_UNSEEN_NAMES = "script style template noscript svg math iframe object canvas select textarea nav"
_UNSEEN = frozenset(_UNSEEN_NAMES.split())
_INLINE_NAMES = """
    a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark q s samp
    small span strike strong sub sup time tt u var wbr
"""
_INLINE = frozenset(_INLINE_NAMES.split())
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_DEEPEST_UNSEEN = 1000
"""A page that opens more than this and never closes it is no page."""


def read(data: bytes) -> list[Block]:
    """The blocks. Raises ``InputError`` for what is no text."""
    page = _Page()
    page.feed(decoded(data))
    page.close()
    return page.finish()


class _Page(HTMLParser):
    """Gathers text until an element begins or ends that stands on lines of its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._outline = Outline()
        self._parts: list[str] = []
        self._line = 1
        self._level = 0
        """Of the heading that is open."""
        self._unseen: list[str] = []
        self._title: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        if tag in _UNSEEN and len(self._unseen) < _DEEPEST_UNSEEN:
            self._unseen.append(tag)
        elif tag == "title":
            self._break()
            self._title = []
        elif tag in _HEADINGS:
            self._break()
            self._level = _HEADINGS[tag]
        elif tag not in _INLINE:
            self._break()

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        if tag in self._unseen:
            while self._unseen.pop() != tag:
                pass
        elif tag == "title" and self._title is not None:
            # Level 0: above every heading of the page.
            self._outline.heading(0, "".join(self._title), self._line)
            self._title = None
        elif tag in _HEADINGS or tag not in _INLINE:
            self._break()

    def handle_data(self, data: str) -> None:
        """Text between elements."""
        if self._unseen:
            return
        if self._title is not None:
            self._title.append(data)
            return
        if not self._parts:
            if data.isspace():
                return
            blank = len(data) - len(data.lstrip())
            self._line = self.getpos()[0] + data.count("\n", 0, blank)
            data = data[blank:]
        self._parts.append(data)

    def finish(self) -> list[Block]:
        """All blocks."""
        self._break()
        return self._outline.close()

    def _break(self) -> None:
        text = "".join(self._parts)
        self._parts = []
        if self._level:
            self._outline.heading(self._level, text, self._line)
            self._level = 0
        else:
            self._outline.paragraph(text, line=self._line)
