"""Wall time, as sessions state it and as a user gives it."""

from __future__ import annotations

from datetime import datetime

from voicestand.errors import InputError


def seconds(stated: str) -> float | None:
    """ISO 8601 as seconds since 1970, local time where no offset is given; None for anything else.

    To the millisecond, as the column that is filled from it.
    """
    try:
        return round(datetime.fromisoformat(stated).timestamp(), 3)
    except (ValueError, OverflowError, OSError):
        return None


def asked(date: str) -> float:
    """What a user gave as a date or a time. Raises ``InputError``."""
    found = seconds(date.strip())
    if found is None:
        raise InputError(f"{date!r} is no date: give 2026-11-20 or 2026-11-20T21:00")
    return found


def local(stated: str) -> str:
    """``2026-11-20 21:00`` where the user is; what is no time stays as it is."""
    try:
        return f"{datetime.fromisoformat(stated).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):
        return stated
