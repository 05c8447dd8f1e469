"""What a source wants to be opened, and what an opening is, by whichever way."""

from __future__ import annotations

from typing import Protocol

import msgspec

from voicestand.audio.devices import InputDevice


class Stream(Protocol):
    """One opening of a device. When the device goes away it is over, and another one is opened."""

    name: str

    @property
    def active(self) -> bool:
        """Whether audio may still come."""

    def start(self) -> None:
        """Lets audio flow. Raises ``DeviceError`` if the device refuses."""

    def close(self) -> bool:
        """Ends it; whether nobody uses it any more. Safe to repeat."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a source is to record from, at this moment."""

    device: InputDevice
    pulse_source: str | None = None
    """What ALSA's pulse device shall record from; ``None``: what the server chooses."""
