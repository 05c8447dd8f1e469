"""The recognizers there are, and which one ``auto`` means."""

from __future__ import annotations

from importlib.util import find_spec
from typing import NamedTuple

from voicestand.errors import EngineUnavailableError

AUTO = "auto"


class Entry(NamedTuple):
    """Where to find an engine, without importing it."""

    name: str
    path: str
    """``module:Class``; the class implements :class:`voicestand.speech.protocol.RecognizerEngine`
    and is made without arguments."""
    requires: str
    """The module that must be installed."""
    embedded: bool
    """Comes with VoiceStand: always there, and less accurate than what can be installed."""


_ENTRIES = (
    Entry("pocketsphinx", "voicestand.speech.pocketsphinx:PocketSphinx", "pocketsphinx", True),
)
"""Best first: ``auto`` is the first one that is installed."""


def engines() -> list[str]:
    """Names of the recognizers that are installed, best first."""
    return [entry.name for entry in _ENTRIES if find_spec(entry.requires)]


def resolve(name: str = AUTO) -> Entry:
    """The engine called ``name``, or the best one for ``auto``.

    Raises :class:`voicestand.errors.EngineUnavailableError` where there is no such engine, naming
    those that are.
    """
    present = engines()
    wanted = next(iter(present), "") if name == AUTO else name
    for entry in _ENTRIES:
        if entry.name == wanted and wanted in present:
            return entry
    there = f"there is {', '.join(present)}" if present else "none is installed"
    raise EngineUnavailableError(
        f"no recognizer {name!r}: {there}; set speech.engine to one of them, or to {AUTO}"
    )


EMBEDDED_CODE = "recognizer.embedded"
"""Code of the alert (severity ``info``) that says :func:`embedded_notice`, once a session."""


def embedded_notice(name: str) -> str | None:
    """What to tell the user, once a session, where the setting ``name`` chose an embedded engine.

    None where a better engine is used, or the embedded one was asked for by name.
    """
    if name != AUTO or not (entry := resolve(name)).embedded:
        return None
    return (
        f"captions come from the embedded recognizer {entry.name}, which mishears about every "
        "third word of real speech; a better model can be installed once its engine is supported "
        "(see the limits in the README)"
    )
