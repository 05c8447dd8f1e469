"""A device as a source: PortAudio calls the native core, Python is not involved."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from typing import Any

from voicestand._native import Engine
from voicestand.audio.devices import InputDevice, find_input, load_portaudio
from voicestand.audio.source import SELF
from voicestand.config import AudioSettings
from voicestand.errors import DeviceError

SILENT_AFTER = 3.0
"""Seconds without a callback after which a device counts as dead; Bluetooth may open so."""

STOPS_WITHIN = 3.0
"""Seconds PortAudio may take to stop or close a stream; it needs milliseconds where all is well."""


class DeviceSource:
    """An input device, its channels averaged into one role."""

    live = True

    def __init__(
        self, name: str, settings: AudioSettings, *, role: str = SELF, channels: int = 2
    ) -> None:
        """Opens the device that ``name`` means (``""``: the default one), not yet started.

        Raises ``InputError`` for a name nobody has, ``DeviceError`` if it cannot be opened.
        """
        self._portaudio = load_portaudio()
        device = find_input(name)
        self.name = f"{device.name} ({device.host_api})"
        self.roles = [role]
        self._lock = threading.Lock()
        self._started = False
        self._stopped = False
        self._hangs = False
        self._seen_blocks = 0
        self._seen_at = time.monotonic()
        count = max(1, min(channels, device.max_input_channels))
        self.sample_rate = self._possible_rate(device, count, settings.sample_rate)
        self.engine = Engine(
            sample_rate=self.sample_rate,
            channels=count,
            roles=[list(range(count))],
            block_frames=settings.block_frames,
            ring_seconds=settings.ring_seconds,
            high_pass_hz=settings.high_pass_hz,
            follow_monotonic=True,
        )
        self._native = self.engine.device_stream()
        try:
            self._stream = self._open(device, count, settings.block_frames)
        except self._portaudio.PortAudioError as error:
            self._native.release()
            self.engine.close()
            raise DeviceError(f"cannot open {self.name}: {_reason(error)}") from None

    @property
    def damaged(self) -> str | None:
        """Nothing: what a device loses is counted."""
        return None

    def start(self) -> None:
        """Lets audio flow. Raises ``DeviceError`` if the device refuses."""
        try:
            self._stream.start()
        except self._portaudio.PortAudioError as error:
            raise DeviceError(f"cannot start {self.name}: {_reason(error)}") from None
        self._started = True
        self._seen_at = time.monotonic()

    def stop(self) -> None:
        """Stops the device; what it has given goes on through the engine. Safe to repeat."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            # Ignoring errors: the server may be gone, and then there is nothing to stop.
            self._returns(self._stream.stop)
            self.engine.finish()

    def trouble(self) -> str | None:
        """Why no audio comes, if none does."""
        if not self._lock.acquire(blocking=False):
            return None  # it is just being stopped
        try:
            if self._stopped or not self._started:
                return None
            blocks = self.engine.stats()["blocks"]
            now = time.monotonic()
            if blocks != self._seen_blocks:
                self._seen_blocks, self._seen_at = blocks, now
            if not self._stream.active:
                return f"{self.name} has gone: the device was unplugged or its audio server ended"
            silent = now - self._seen_at
            if silent > SILENT_AFTER:
                return f"{self.name} has given no audio for {silent:.0f} s: is it unplugged?"
            return None
        finally:
            self._lock.release()

    def close(self) -> None:
        """Stops and closes the device. Safe to repeat."""
        self.stop()
        with self._lock:
            # While PortAudio hangs in the stream it may still use what the stream was given.
            if not self._hangs and self._returns(self._stream.close):
                self._native.release()
            self.engine.close()

    def _returns(self, call: Callable[[], object]) -> bool:
        """Whether PortAudio comes back from ``call``.

        Where the JACK server has died, it waits ten minutes for it, here and once more when the
        interpreter ends. Such a stream is left behind, and with it PortAudio's own cleaning up.
        """
        thread = threading.Thread(target=call, name="stop audio", daemon=True)
        thread.start()
        thread.join(STOPS_WITHIN)
        if thread.is_alive():
            self._hangs = True
            atexit.unregister(self._portaudio._exit_handler)
        return not self._hangs

    def _possible_rate(self, device: InputDevice, channels: int, wanted: int) -> int:
        """``wanted`` if the device can do that, else its own rate."""
        try:
            self._portaudio.check_input_settings(
                device=device.index, channels=channels, dtype="float32", samplerate=wanted
            )
        except self._portaudio.PortAudioError:
            return round(device.default_sample_rate)
        return wanted

    def _open(self, device: InputDevice, channels: int, block_frames: int) -> Any:
        """A PortAudio stream whose callback is the address of a native function.

        ``wrap_callback=None`` hands the pointers through as they are: the way of python-rtmixer.
        """
        ffi = self._portaudio._ffi
        return self._portaudio._StreamBase(
            kind="input",
            device=device.index,
            channels=channels,
            samplerate=self.sample_rate,
            blocksize=block_frames,
            dtype="float32",
            latency="low" if "JACK" in device.host_api else "high",
            callback=ffi.cast("PaStreamCallback*", self._native.callback),
            wrap_callback=None,
            userdata=ffi.cast("void*", self._native.userdata),
        )


def _reason(error: Exception) -> str:
    return str(error.args[0]) if error.args else type(error).__name__
