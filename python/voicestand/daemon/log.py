"""A service's log: lines of key=value on stderr, with the priorities of sd-daemon(3).

What was said is in none of them: journals of the system are read by others, and kept by other rules
than the calls.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO

from voicestand.events import EngineAlert, Event, SessionEnded, SessionStarted

_PRIORITIES = {"error": 3, "warning": 4, "info": 6}
"""As syslog(3) numbers them."""


def line(priority: int, fields: Mapping[str, object]) -> str:
    """One line; a value of other than letters and digits is written as JSON, in quotes."""
    text = " ".join(f"{name}={_value(value)}" for name, value in fields.items())
    return f"<{priority}>{text}"


def event_line(event: Event) -> str | None:
    """What is logged of an event, if anything is."""
    match event:
        case SessionStarted():
            return line(
                _PRIORITIES["info"],
                {
                    "event": "session.started",
                    "session": event.session,
                    "source": event.source,
                    "channels": ",".join(event.channels),
                    "engine": event.engine,
                    "vad_device": event.vad_device,
                },
            )
        case EngineAlert():
            fields = {"event": "engine.alert", "session": event.session, "t": round(event.t, 3)}
            if event.channel is not None:
                fields["channel"] = event.channel
            fields |= {"code": event.code, "message": event.message}
            return line(_PRIORITIES[event.severity], fields)
        case SessionEnded():
            return line(
                _PRIORITIES["error" if event.reason == "failed" else "info"],
                {
                    "event": "session.ended",
                    "session": event.session,
                    "reason": event.reason,
                    "duration": round(event.duration, 3),
                    "utterances": event.utterances,
                    "frames_captured": event.frames_captured,
                    "frames_delivered": event.frames_delivered,
                    "frames_lost": event.frames_lost,
                    "frames_missing": event.frames_missing,
                    "xruns": event.xruns,
                },
            )
    return None


class Log:
    """Writes to stderr, or ``stream``; a reader that has gone stops nothing."""

    def __init__(self, stream: TextIO | None = None) -> None:
        # A descriptor of its own: stderr's leads nowhere while a device is opened
        # (portaudio_stream.muted_stderr).
        self._stream = stream or os.fdopen(
            os.dup(sys.stderr.fileno()), "w", encoding="utf-8", errors="backslashreplace"
        )

    def close(self) -> None:
        """Closes what it writes to."""
        self._stream.close()

    def show(self, event: Event) -> None:
        """Logs an event, if it is of those that are logged."""
        text = event_line(event)
        if text is not None:
            with suppress(OSError):
                print(text, file=self._stream, flush=True)


def error_line(message: str) -> str:
    """Why the service ends."""
    return line(_PRIORITIES["error"], {"event": "error", "message": message})


def _value(value: object) -> str:
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))
    plain = text and all(c.isalnum() or c in "._,:-" for c in text) and text.isascii()
    return text if plain else json.dumps(text, ensure_ascii=False)
