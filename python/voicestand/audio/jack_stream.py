"""One opening of a JACK device, without PortAudio between: JACK's own thread feeds the core."""

from __future__ import annotations

import threading

from voicestand._native import Engine, JackClient
from voicestand.audio.devices import InputDevice
from voicestand.errors import DeviceError

CLOSES_WITHIN = 3.0
"""Seconds libjack may take to leave a server; from a dead one it returns at once."""


class JackStream:
    """A client of the JACK server that captures from another one."""

    def __init__(self, device: InputDevice) -> None:
        """Opens a client, idle until it is connected. Raises ``DeviceError`` without a server."""
        self.name = f"{device.name} ({device.host_api})"
        self._source = device.name
        try:
            self._client = JackClient("voicestand")
        except ConnectionError as error:
            raise DeviceError(f"cannot open {self.name}: {error}") from None
        self.sample_rate = self._client.sample_rate
        """Of the server, Hz."""
        self.buffer_frames = self._client.buffer_frames
        """Frames of one call."""
        self._engine: Engine | None = None
        self._closing = threading.Thread(target=self._client.close, name="close JACK", daemon=True)

    def feed(self, engine: Engine) -> None:
        """``engine`` is what the audio goes into, once started."""
        self._engine = engine

    def start(self) -> None:
        """Lets audio flow. Raises ``DeviceError`` if the device is not there, or not as it was."""
        assert self._engine is not None
        try:
            self._client.capture(self._engine, self._source)
        except (ConnectionError, ValueError) as error:
            raise DeviceError(f"cannot start {self.name}: {error}") from None

    @property
    def active(self) -> bool:
        """Whether the server lives and the device is connected."""
        return self._client.active

    def close(self) -> bool:
        """Leaves the server; whether it let go. Safe to repeat."""
        if not self._closing.ident:
            self._closing.start()
        self._closing.join(CLOSES_WITHIN)
        return not self._closing.is_alive()
