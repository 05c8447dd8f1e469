"""What is said on the control socket: a JSON object a line, a reply for each request."""

from __future__ import annotations

from typing import Literal

import msgspec

MOST_BYTES = 4096
"""Of a request, with its line break. The longest that means anything has 25."""

Command = Literal["status", "pause", "resume", "stop"]

State = Literal["starting", "listening", "waiting", "paused", "ending"]
"""``waiting``: a device is away, or was just opened and has given no audio yet."""


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a client's."""

    command: Command


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is doing. Without a session yet, what is of one is null, and the counts are 0."""

    state: State
    pid: int
    daemon: bool
    session: str | None = None
    started_at: str | None = None
    """Wall time, ISO 8601 with offset."""
    source: str | None = None
    channels: list[str] = []
    seconds: float | None = None
    """On the session's clock."""
    utterances: int = 0
    frames_captured: int = 0
    frames_lost: int = 0
    xruns: int = 0


class Reply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the server's: the status after what was asked for, or what was wrong."""

    status: Status | None = None
    error: str | None = None


def request(line: bytes) -> Request:
    """The request in a line. Raises ``ValueError``, in one line, if there is none."""
    try:
        return msgspec.json.decode(line, type=Request)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())) from None
