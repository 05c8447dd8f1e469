"""One opening of a JACK device, without PortAudio between: JACK's own thread runs the core."""

from __future__ import annotations

import threading

from voicestand._native import Engine, JackClient, Player
from voicestand.audio.devices import Device
from voicestand.errors import DeviceError, InputError

CLOSES_WITHIN = 3.0
"""Seconds libjack may take to leave a server; from a dead one it returns at once."""


class _Opening:
    """A client of the JACK server, idle until it is connected with another one."""

    def __init__(self, device: Device) -> None:
        """Opens a client. Raises ``DeviceError`` without a server."""
        self.name = f"{device.name} ({device.host_api})"
        self._other = device.name
        try:
            self._client = JackClient("voicestand")
        except ConnectionError as error:
            raise DeviceError(f"cannot open {self.name}: {error}") from None
        self.sample_rate = self._client.sample_rate
        """Of the server, Hz."""
        self.buffer_frames = self._client.buffer_frames
        """Frames of one call."""
        self._closing = threading.Thread(target=self._client.close, name="close JACK", daemon=True)

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


class JackStream(_Opening):
    """A client of the JACK server that captures from another one."""

    def __init__(self, device: Device) -> None:
        """Opens a client. Raises ``DeviceError`` without a server."""
        super().__init__(device)
        self._engine: Engine | None = None

    def feed(self, engine: Engine) -> None:
        """``engine`` is what the audio goes into, once started."""
        self._engine = engine

    def start(self) -> None:
        """Lets audio flow. Raises ``DeviceError`` if the device is not there, or not as it was."""
        assert self._engine is not None
        try:
            self._client.capture(self._engine, self._other)
        except (ConnectionError, ValueError) as error:
            raise DeviceError(f"cannot start {self.name}: {error}") from None


class JackOutput(_Opening):
    """A client of the JACK server that plays to another one."""

    def __init__(self, device: Device, player: Player, sample_rate: int) -> None:
        """Opens a client for ``player``.

        Raises ``DeviceError`` without a server, ``InputError`` if it has another rate.
        """
        super().__init__(device)
        self._player = player
        if self.sample_rate != sample_rate:
            self.close()
            raise InputError(
                f"the JACK server runs at {self.sample_rate} Hz, not {sample_rate}: "
                f"ask for sample_rate={self.sample_rate}"
            )
        self.latency = 2 * self.buffer_frames / sample_rate
        """Seconds: the period under way and the one the server plays from."""

    def start(self) -> None:
        """Lets audio flow. Raises ``DeviceError`` if the device is not there."""
        try:
            self._client.play(self._player, self._other)
        except (ConnectionError, ValueError) as error:
            raise DeviceError(f"cannot start {self.name}: {error}") from None
