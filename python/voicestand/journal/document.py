"""One session or several as a document of one of six formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from voicestand.errors import InputError
from voicestand.journal.export import FORMATS, ExportFormat, Utterance, encoded, from_final
from voicestand.journal.markdown import to_markdown
from voicestand.journal.private_file import make_folder, save
from voicestand.journal.reader import SessionDetail
from voicestand.journal.table import to_csv

DocumentFormat = ExportFormat | Literal["md", "csv"]


def document(details: Sequence[SessionDetail], format_: DocumentFormat) -> str:
    """The sessions in this order. Raises ``InputError`` for subtitles of more than one."""
    if format_ in _SUBTITLES and len(details) > 1:
        raise InputError(f"several {format_} documents do not fit in one: give --output DIR")
    return _WRITERS[format_](details)


def write(
    details: Sequence[SessionDetail], format_: DocumentFormat, output: str | None
) -> str | None:
    """Writes to ``output``; returns the document if that is ``None``.

    A folder, which gets a file ``ID.FORMAT`` for each session, is what is one already, what ends
    with ``/``, and, for several sessions, whatever does not end with ``.FORMAT``. Raises
    ``InputError`` and ``StorageError``.
    """
    if output is None:
        return document(details, format_)
    path = Path(output)
    several = len(details) != 1 and path.suffix != f".{format_}"
    if several or output.endswith("/") or path.is_dir():
        _save_each(details, format_, path)
    else:
        save(document(details, format_), path)
    return None


def _save_each(details: Iterable[SessionDetail], format_: DocumentFormat, folder: Path) -> None:
    make_folder(folder)
    for detail in details:
        name = f"{detail.id}.{format_}".replace("/", "_")
        save(document([detail], format_), folder / name)


def _said(detail: SessionDetail) -> list[Utterance]:
    return [
        msgspec.structs.replace(from_final(final), session=detail.id) for final in detail.utterances
    ]


def _each(format_: ExportFormat) -> Callable[[Sequence[SessionDetail]], str]:
    def write(details: Sequence[SessionDetail]) -> str:
        return "\n".join(
            FORMATS[format_](_said(detail), speakers=len(detail.started.channels) > 1)
            for detail in details
        )

    return write


def _json(details: Sequence[SessionDetail]) -> str:
    return encoded([said for detail in details for said in _said(detail)])


_SUBTITLES = ("srt", "vtt")

_WRITERS: Mapping[DocumentFormat, Callable[[Sequence[SessionDetail]], str]] = {
    "txt": _each("txt"),
    "srt": _each("srt"),
    "vtt": _each("vtt"),
    "json": _json,
    "md": to_markdown,
    "csv": to_csv,
}
