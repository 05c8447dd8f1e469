"""The finding of one check."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["ok", "warning", "error"]
"""``error``: a part of VoiceStand is missing or damaged, or nothing can be kept. ``warning``:
something works less well or not at all, but recordings can be transcribed."""


class Check(msgspec.Struct, frozen=True):
    """What was looked at, and what was found; every text is one line."""

    name: str
    status: Status
    message: str
    fix: str = ""
    """What to do, if there is something to do."""
