"""One PortAudio stream that calls the native core; Python is not involved while it runs."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from voicestand.audio import jack_server
from voicestand.audio.devices import Device, Kind, load_portaudio
from voicestand.errors import DeviceError

STOPS_WITHIN = 3.0
"""Seconds PortAudio may take to stop or close a stream; it needs milliseconds where all is well."""

_opening = threading.RLock()
"""PortAudio's opening, closing and initializing are not safe beside each other."""
_open: set[PortAudioStream] = set()
"""Every stream of this process that PortAudio may still be using."""


class NativeStream(Protocol):
    """A native callback and its user data: ``DeviceStream`` or ``OutputDeviceStream``."""

    @property
    def callback(self) -> int:
        """Address of the ``PaStreamCallback``."""

    @property
    def userdata(self) -> int:
        """Address to pass as the callback's user data."""

    def release(self) -> None:
        """Frees the user data. Only after the stream was closed."""


class PortAudioStream:
    """An open stream that calls native code. Closed once, then it is over."""

    def __init__(
        self,
        native: NativeStream,
        device: Device,
        *,
        kind: Kind,
        sample_rate: int,
        channels: int,
        block_frames: int,
        leave: Callable[[], None],
        sample_format: str = "float32",
    ) -> None:
        """Opens ``device``, not yet started.

        ``sample_rate`` and ``channels``, at most the device's, are those ``native`` was made for.
        ``leave`` makes it harmless where PortAudio never lets go of it. Raises ``DeviceError`` if
        PortAudio refuses.
        """
        self.name = f"{device.name} ({device.host_api})"
        self._portaudio = load_portaudio()
        self._native = native
        self._leave = leave
        self._closing = threading.Lock()
        self._hangs = False
        self._closed = False
        ffi = self._portaudio._ffi
        with _opening:
            try:
                # `wrap_callback=None` hands the pointers through as they are: python-rtmixer's way.
                self._stream: Any = self._portaudio._StreamBase(
                    kind=kind,
                    device=device.index,
                    channels=channels,
                    samplerate=sample_rate,
                    blocksize=block_frames,
                    dtype=sample_format,
                    latency="low" if device.is_jack else "high",
                    callback=ffi.cast("PaStreamCallback*", native.callback),
                    wrap_callback=None,
                    userdata=ffi.cast("void*", native.userdata),
                )
            except self._portaudio.PortAudioError as error:
                native.release()
                raise DeviceError(f"cannot open {self.name}: {_reason(error)}") from None
            _open.add(self)

    @property
    def latency(self) -> float:
        """Seconds between this stream and the converter, as PortAudio states them."""
        return float(self._stream.latency)

    def start(self) -> None:
        """Lets audio flow. Raises ``DeviceError`` if the device refuses."""
        try:
            with _opening:
                self._stream.start()
        except self._portaudio.PortAudioError as error:
            raise DeviceError(f"cannot start {self.name}: {_reason(error)}") from None

    @property
    def active(self) -> bool:
        """Whether PortAudio still calls back, as far as it knows."""
        return not self._closed and bool(self._stream.active)

    def close(self) -> bool:
        """Stops and closes the stream; whether PortAudio has let go of it. Safe to repeat."""
        with self._closing:
            if self._closed:
                return not self._hangs
            self._closed = True
            # Ignoring errors: the server may be gone, and then there is nothing to stop.
            if self._returns(self._stream.stop) and self._returns(self._stream.close):
                self._native.release()
                _open.discard(self)
                return True
            # While PortAudio hangs in the stream it may still use what the stream was given.
            self._leave()
            return False

    def _returns(self, call: Callable[[], object]) -> bool:
        """Whether PortAudio comes back from ``call``.

        Where the JACK server has died, it waits ten minutes for it, here and once more when the
        interpreter ends. Such a stream is left behind, and with it PortAudio's own cleaning up.
        """
        thread = threading.Thread(target=_quietly, args=(call,), name="stop audio", daemon=True)
        thread.start()
        thread.join(STOPS_WITHIN)
        if thread.is_alive():
            self._hangs = True
            atexit.unregister(self._portaudio._exit_handler)
        return not self._hangs


def refresh_devices() -> bool:
    """Lets PortAudio look for devices again; whether it did.

    It can only by starting anew, which ends every stream of the process: their owners open them
    again. Not while one of them hangs.
    """
    portaudio = load_portaudio()
    with _opening:
        closed = [stream.close() for stream in list(_open)]
        if not all(closed):
            return False
        portaudio._terminate()
        with jack_server.unseen():
            portaudio._initialize()
    return True


def refresh_devices_if_idle() -> bool:
    """Lets PortAudio look for devices again unless a stream is open; whether it did."""
    with _opening:
        return not _open and refresh_devices()


def _quietly(call: Callable[[], object]) -> None:
    try:
        call()
    except load_portaudio().PortAudioError:
        pass


@contextmanager
def records_from(pulse_source: str | None) -> Iterator[None]:
    """While open, ALSA's pulse device records from that source, by the server's name for it.

    The variable is read when a stream is opened, by this process; nothing else of it is changed.
    """
    if pulse_source is None:
        yield
        return
    with _opening:
        before = os.environ.get("PULSE_SOURCE")
        os.environ["PULSE_SOURCE"] = pulse_source
        try:
            yield
        finally:
            if before is None:
                del os.environ["PULSE_SOURCE"]
            else:
                os.environ["PULSE_SOURCE"] = before


class _StderrMute:
    """File descriptor 2, led to ``/dev/null`` for a while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before: int | None = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """While open, nothing this process writes to stderr is seen, as in PortAudio's start.

        ALSA and PortAudio print lines for every attempt that fails, and a device that is away for
        an hour is tried thousands of times.
        """
        with _opening:
            with self._lock:
                self._before = os.dup(2)
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, 2)
                os.close(nowhere)
            try:
                yield
            finally:
                self.end()

    def end(self) -> None:
        """Ends it early: an attempt to open may hang, and the program has to speak."""
        with self._lock:
            if self._before is not None:
                os.dup2(self._before, 2)
                os.close(self._before)
                self._before = None


muted_stderr = _StderrMute()
"""The one of this process."""


def _reason(error: Exception) -> str:
    return str(error.args[0]) if error.args else type(error).__name__
