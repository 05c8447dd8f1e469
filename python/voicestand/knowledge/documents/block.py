"""What the readers of all formats give."""

from __future__ import annotations

import msgspec

LONGEST_HEADING = 200
"""Characters; what is longer was made a heading by mistake, and is cut."""


class Block(msgspec.Struct, frozen=True):
    """A paragraph, an item of a list, a row of a table."""

    text: str
    """With the line breaks of the document, where ``line`` is known."""
    headings: tuple[str, ...] = ()
    """Under which it stands, the outermost first."""
    page: int | None = None
    line: int | None = None
    """Where it begins, counted from 1."""


class Outline:
    """Gathers the blocks of a document under its headings."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._levels: list[tuple[int, str]] = []
        self._bare: Block | None = None
        """The latest heading, as long as nothing stands under it."""

    def heading(self, level: int, title: str, line: int | None = None) -> None:
        """A heading: those of its level and below it have ended."""
        title = " ".join(title.split())
        if not title:
            return
        if self._bare is not None and len(self._levels) and level <= self._levels[-1][0]:
            self._keep_bare()
        self._levels = [known for known in self._levels if known[0] < level]
        self._levels.append((level, title[:LONGEST_HEADING]))
        self._bare = Block(title, self._path, line=line)

    def paragraph(self, text: str, *, page: int | None = None, line: int | None = None) -> None:
        """What stands under the latest heading."""
        if text and not text.isspace():
            self._bare = None
            self.blocks.append(Block(text, self._path, page, line))

    def close(self) -> list[Block]:
        """All blocks; a heading with nothing under it is one, too."""
        self._keep_bare()
        return self.blocks

    def _keep_bare(self) -> None:
        if self._bare is not None:
            self.blocks.append(self._bare)
            self._bare = None

    @property
    def _path(self) -> tuple[str, ...]:
        return tuple(title for _, title in self._levels)
