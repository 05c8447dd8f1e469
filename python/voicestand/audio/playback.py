"""An output device, written from Python and played by native code."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from voicestand._native import Player
from voicestand.audio.devices import OutputDevice, find_output
from voicestand.audio.jack_stream import JackOutput
from voicestand.audio.portaudio_stream import PortAudioStream
from voicestand.errors import DeviceError

if TYPE_CHECKING:
    from voicestand._native import PlayerStats

LOOK_EVERY = 0.1
"""Seconds between two looks at whether a device that is waited for still plays."""

BLOCK_FRAMES = 512
"""Frames of one call of a device that leaves the choice to us."""


class Playback:
    """An output device that plays what is written to it.

    Samples go into a ring that the device empties by a native callback: Python may be late by what
    lies in the ring before anything is heard of it. Between two phrases (before the first ``write``
    and behind ``drain``) there is silence; within one, frames that are not there in time are
    silence, too, and counted in ``underruns``. For one thread at a time. As a context manager it
    lets the device play to the end, unless an exception leaves the block.
    """

    def __init__(
        self,
        device: str = "",
        sample_rate: int = 48_000,
        channels: int = 1,
        *,
        buffer_seconds: float = 0.5,
    ) -> None:
        """Opens the output that ``device`` means (``""``: the default one) and lets it run.

        ``device`` is found as inputs are: by name, a part of it, index or ``hostapi:name``.
        ``sample_rate`` 1,000 to 768,000 Hz; JACK takes that of its server only. ``channels`` 1 to
        256, on JACK to 32; one channel is heard on both sides of a JACK device with two.
        ``buffer_seconds`` 0.01 to 60: how much may be written ahead. Raises ``InputError`` for a
        name nobody has, ``ValueError`` for a number out of range, ``DeviceError`` if the device
        cannot be opened so.
        """
        # First what is said wrong, then what is not there.
        Player(sample_rate=sample_rate, channels=channels, seconds=buffer_seconds)
        found = find_output(device)
        self.name = f"{found.name} ({found.host_api})"
        self.sample_rate = sample_rate
        """Hz."""
        self.channels = channels
        # The left speaker alone would play what has one channel: JACK connects port by port.
        doubles = found.is_jack and channels == 1 and found.max_output_channels > 1
        self._copies = 2 if doubles else 1
        self._player = Player(
            sample_rate=sample_rate, channels=channels * self._copies, seconds=buffer_seconds
        )
        self._stream = self._open(found)
        self._closed = threading.Event()
        try:
            self._stream.start()
        except DeviceError:
            self._stream.close()
            raise

    def _open(self, device: OutputDevice) -> JackOutput | PortAudioStream:
        if device.is_jack:
            return JackOutput(device, self._player, self.sample_rate)
        if self.channels > device.max_output_channels:
            most = device.max_output_channels
            raise DeviceError(f"{self.name} has {most} channels, not {self.channels}")
        return PortAudioStream(
            self._player.device_stream(),
            device,
            kind="output",
            sample_rate=self.sample_rate,
            channels=self.channels,
            block_frames=BLOCK_FRAMES,
            leave=self._player.close,
        )

    def write(self, samples: NDArray[np.float32], wait: bool = True) -> int:
        """Appends ``samples``, float32 (frames, channels), 1 = full scale.

        Returns the frames accepted: all with ``wait``, for which it waits until there is room, the
        GIL released; without, as many as there is room for. Raises ``TypeError`` for what is no
        float32 array, ``ValueError`` for another shape or after ``close``, ``DeviceError`` if the
        device has gone.
        """
        audio = self._checked(samples)
        accepted = 0
        while True:
            accepted += self._player.write(audio[accepted:], LOOK_EVERY if wait else 0.0)
            if accepted == len(audio):
                return accepted
            self._check_open()
            self._check_active()
            if not wait:
                return accepted

    def drain(self, timeout: float | None = None) -> bool:
        """Ends a phrase: waits until the device has played everything that was written.

        At most ``timeout`` seconds (``None``: as long as the device plays), the GIL released;
        whether it has. Raises ``ValueError`` after ``close``, ``DeviceError`` if the device has
        gone.
        """
        if timeout is not None and not timeout >= 0:
            raise ValueError(f"timeout {timeout}: seconds from 0 on are wanted, or None")
        end = None if timeout is None else time.monotonic() + timeout

        def left(most: float) -> float:
            return most if end is None else max(0.0, min(most, end - time.monotonic()))

        self._check_open()
        while not self._player.drain(left(LOOK_EVERY)):
            self._check_open()
            self._check_active()
            if end is not None and time.monotonic() >= end:
                return False
        # Given to the device, and not yet heard.
        latency = self._stream.latency
        patience = left(latency)
        return not self._closed.wait(patience) and patience == latency

    @property
    def underruns(self) -> int:
        """How often the device came for frames of a phrase that were not there."""
        return self._player.stats()["underruns"]

    def stats(self) -> PlayerStats:
        """The books: ``played`` and ``starved``, frames; ``underruns`` and ``underflows``, times.

        ``starved``: frames of silence in the place of those that were late; ``underflows``: times
        that the audio server itself played silence.
        """
        return self._player.stats()

    def close(self) -> None:
        """Ends at once: what the device has not played is not heard. Safe to repeat."""
        if not self._closed.is_set():
            self._closed.set()
            self._player.close()
            self._stream.close()

    def __enter__(self) -> Playback:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None and not self._closed.is_set():
                self.drain()
        finally:
            self.close()

    def _checked(self, samples: Any) -> NDArray[np.float32]:
        self._check_open()
        if not isinstance(samples, np.ndarray) or samples.dtype != np.float32:
            what = getattr(samples, "dtype", type(samples).__name__)
            raise TypeError(f"samples of {what}: a float32 array is wanted")
        if samples.ndim != 2 or samples.shape[1] != self.channels:
            raise ValueError(
                f"samples of shape {samples.shape}: (frames, {self.channels}) is wanted"
            )
        audio = np.repeat(samples, self._copies, axis=1) if self._copies > 1 else samples
        return np.ascontiguousarray(audio)

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise ValueError("the playback is closed")

    def _check_active(self) -> None:
        if not self._stream.active:
            raise DeviceError(f"{self.name} has gone: open a new playback when it is back")
