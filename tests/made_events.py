"""Events of sessions that never were."""

from __future__ import annotations

from collections.abc import Sequence

from voicestand.events import SessionStarted


def started(session: str, channels: Sequence[str] = ("self",)) -> SessionStarted:
    """The first event of a session."""
    return SessionStarted(
        session=session,
        t=0.0,
        version="0.1.0",
        started_at="2026-11-20T21:00:00+01:00",
        source="call.wav",
        channels=list(channels),
        sample_rate=48_000,
        engine="pocketsphinx",
        vad_device="CPU",
    )
