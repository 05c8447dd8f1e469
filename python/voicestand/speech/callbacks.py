"""Whom a recognizer's supervisor tells what."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from voicestand.events import RoutingStats, Severity
from voicestand.speech.pending import Settled


class Callbacks(NamedTuple):
    """Whom the supervisor tells. All are called from its thread."""

    partial: Callable[[str, str], None]
    """Utterance, text."""
    settled: Callable[[Settled, str], None]
    """An utterance that leaves, and the engine's name."""
    alert: Callable[[Severity, str, str], None]
    """Severity, code, message."""
    alerts: Callable[[], list[tuple[Severity, str, str]]]
    """Takes what the listener wants to be told in this thread."""
    routing: Callable[[int, RoutingStats], None]
    """Process id of the worker, what its engine asked of providers elsewhere."""
