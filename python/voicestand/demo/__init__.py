"""The demo call: a two-person sales call that comes with VoiceStand.

Made by ``scripts/make_demo_call.py``; about 83 seconds, Opus in Ogg, 48 kHz, two channels: left the
salesperson (``self``), right the customer (``other``).
"""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple


class ReferenceLine(NamedTuple):
    """What was really said, and when. ``start`` and ``end`` are seconds of the recording."""

    start: float
    end: float
    channel: str
    text: str


def recording() -> Path:
    """Path of the recording."""
    return Path(str(files(__name__) / "sales-call.ogg"))


def reference() -> list[ReferenceLine]:
    """The utterances of the recording in order of their start."""
    text = (files(__name__) / "sales-call.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [
        ReferenceLine(float(row["start"]), float(row["end"]), row["channel"], row["text"])
        for row in rows
    ]
