"""Sessions as one table (CSV, RFC 4180) that a spreadsheet opens and runs nothing of."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable

from voicestand.journal.export import from_final, one_line
from voicestand.journal.reader import SessionDetail

COLUMNS = ("session", "started_at", "channel", "start", "end", "text")

_FORMULA = "=+-@＝＋－＠"
"""What makes a spreadsheet compute a cell, in either width (OWASP, CSV injection)."""


def to_csv(details: Iterable[SessionDetail]) -> str:
    """One row for each utterance, empty ones included, under a row of names; times in seconds.

    Texts that a spreadsheet would take for a formula begin with an apostrophe, which it hides.
    """
    table = io.StringIO()
    writer = csv.writer(table, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(COLUMNS)
    for detail in details:
        origin = (_inert(detail.id), _inert(detail.started.started_at))
        for said in map(from_final, detail.utterances):
            spoken = (_inert(said.channel), said.start, said.end, _inert(said.text))
            writer.writerow((*origin, *spoken))
    return table.getvalue()


def _inert(text: str) -> str:
    line = one_line(text)
    # What cannot be seen before it does not stop every spreadsheet from seeing the sign.
    first = next((c for c in line if unicodedata.category(c)[0] not in "CZ"), "")
    return f"'{line}" if first and first in _FORMULA else line
