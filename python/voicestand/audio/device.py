"""A device as a source: native callbacks feed the core, and a thread watches that they do."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from voicestand._native import Engine
from voicestand.audio.arrivals import find_input_now, see_input
from voicestand.audio.conditioning import check_instruction_set, condition
from voicestand.audio.devices import InputDevice, load_portaudio
from voicestand.audio.jack_stream import JackStream
from voicestand.audio.opening import Stream, Wanted
from voicestand.audio.portaudio_stream import PortAudioStream, muted_stderr, records_from
from voicestand.audio.source import SELF, Tell, unheard
from voicestand.config import AudioSettings
from voicestand.errors import VoicestandError

SILENT_AFTER = 3.0
"""Seconds without a callback after which a device counts as gone; Bluetooth may open so."""

LOOK_EVERY = 0.1
"""Seconds between two looks at whether a device still gives audio."""

BEHIND = 0.5
"""Seconds by which the clock lags while a device is away: what it gives first is at most so old."""

RETRY_FIRST, RETRY_MOST = 0.1, 0.5
"""Seconds until the first and between the later attempts to open a device again."""

LOOK_FOR_NEW = 3.0
"""Seconds after which a sound card is looked for under another number; then after twice as long."""

GIVES_UP_WITHIN = 4.0
"""Seconds that an attempt to open a device is waited for when the source is closed."""

REMIND_FIRST = 60.0
"""Seconds after which a device that is still away is told of again; then after twice as long."""


PIECE = 128
"""Frames of a block at most, where a device gives as many at a time as it likes."""


class DeviceSource:
    """An input device, its channels averaged into one role.

    A device that has worked and goes away is waited for without limit, and opened again: the time
    between is silence on the audio clock, by the ADC times before and after, and is told of. A
    device that never gives audio is trouble, and so is one that is not there at the start.
    """

    live = True

    def __init__(
        self,
        name: str,
        settings: AudioSettings,
        *,
        role: str = SELF,
        channels: int = 2,
        find: Callable[[], Wanted] | None = None,
    ) -> None:
        """Opens the device that ``name`` means (``""``: the default one), not yet started.

        ``find``: says what is wanted instead, now and whenever the device is opened again. Raises
        ``InputError`` for a name nobody has, ``DeviceError`` if it cannot be opened.
        """
        check_instruction_set()
        self._named = name
        self._find = find or self._find_named
        self._settings = settings
        self._known: InputDevice | None = None
        wanted = self._find()
        if wanted.device.is_jack:
            # Known by its name alone: it need not be looked for again.
            self._known = wanted.device
        self.name = f"{wanted.device.name} ({wanted.device.host_api})"
        self.roles = [role]
        self.tell: Tell = unheard
        """Where alerts go: severity, code, message."""
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._away: _Absence | None = None
        self._paused = False
        self._seen_blocks = 0
        self._seen_at = time.monotonic()
        count = max(1, min(channels, wanted.device.max_input_channels))
        jack = JackStream(wanted.device) if wanted.device.is_jack else None
        self.sample_rate = (
            jack.sample_rate
            if jack is not None
            else _possible_rate(wanted.device, count, settings.sample_rate)
        )
        self.engine = Engine(
            sample_rate=self.sample_rate,
            channels=count,
            roles=[list(range(count))],
            # JACK calls with its own period, whatever is asked for, and PipeWire's JACK changes it
            # at any time: in blocks of a long one the ring would hold little of a short one.
            block_frames=max(16, min(jack.buffer_frames, PIECE))
            if jack is not None
            else settings.block_frames or PIECE,
            ring_seconds=settings.ring_seconds,
            high_pass_hz=settings.high_pass_hz,
            follow_monotonic=True,
        )
        self.channels = count
        """Of the device, as far as they are wanted."""
        # What a sound card is called holds its number, which may be another one when it comes back.
        self._is_card = "(hw:" in wanted.device.name
        condition(self.engine, settings)
        try:
            self._stream: Stream | None = self._open(wanted, jack)
        except VoicestandError:
            self.engine.close()
            raise
        self._opener: threading.Thread | None = None
        self._keeper = threading.Thread(target=self._keep, name="device keeper", daemon=True)

    @property
    def damaged(self) -> str | None:
        """Nothing: what a device loses is counted."""
        return None

    def start(self) -> None:
        """Lets audio flow, unless paused. Raises ``DeviceError`` if the device refuses."""
        with self._lock:
            if self._stream is not None:
                self._stream.start()
            self._seen_at = time.monotonic()
        self._keeper.start()

    def stop(self) -> None:
        """Stops the device; what it has given goes on through the engine. Safe to repeat."""
        with self._lock:
            if self._ended.is_set():
                return
            self._ended.set()
            muted_stderr.end()
            if self._stream is not None:
                self._stream.close()
            self.engine.finish()

    def pause(self) -> None:
        """Closes the device. Until ``resume`` nothing is read from it; the clock goes on.

        What it gave before goes on through the engine. Safe to repeat.
        """
        with self._lock:
            if self._ended.is_set() or self._paused:
                return
            self._paused = True
            stream, self._stream = self._stream, None
            # Another absence: whoever was opening the device finds that nobody wants it any more.
            self._away = self._absence(remind_after=math.inf)
            if stream is not None:
                stream.close()
            self.engine.interrupt()

    def resume(self) -> None:
        """Opens the device again after ``pause``, and however often that takes; does not wait."""
        with self._lock:
            if not self._paused:
                return
            self._paused = False
            if self._ended.is_set() or self._away is None:
                return
            self._away.since = self._seen_at = time.monotonic()
            self._away.remind_after = REMIND_FIRST
            self._open_anew(self._away, None)

    @property
    def away(self) -> bool:
        """Whether the device is not open, or open again and has given no audio yet."""
        return self._away is not None

    def trouble(self) -> str | None:
        """Why no audio comes, if none ever did."""
        if not self._lock.acquire(blocking=False):
            return None  # it is just being stopped, or opened again
        try:
            if self._ended.is_set() or self._paused or not self._keeper.is_alive():
                return None
            if self.engine.books()["blocks"]:
                return None
            silent = time.monotonic() - self._seen_at
            if silent > SILENT_AFTER:
                return f"{self.name} has given no audio for {silent:.0f} s: is it unplugged?"
            return None
        finally:
            self._lock.release()

    def close(self) -> None:
        """Stops and closes the device. Safe to repeat."""
        self.stop()
        if self._opener is not None:
            # It may hang in PortAudio: then it is left behind, and finds the source ended.
            self._opener.join(GIVES_UP_WITHIN)
        self.engine.close()

    def _find_named(self) -> Wanted:
        return Wanted(device=self._known or find_input_now(self._named))

    def _open(self, wanted: Wanted, jack: JackStream | None = None) -> Stream:
        if wanted.device.is_jack:
            jack = jack or JackStream(wanted.device)
            jack.feed(self.engine)
            return jack
        channels = max(1, min(self.channels, wanted.device.max_input_channels))
        native = self.engine.device_stream(channels=channels)
        with records_from(wanted.pulse_source):
            return PortAudioStream(
                native,
                wanted.device,
                kind="input",
                sample_rate=self.sample_rate,
                channels=channels,
                block_frames=self._settings.block_frames,
                leave=native.detach,
            )

    # ---- The keeper's thread.

    def _keep(self) -> None:
        """Looks after the stream until the source is stopped."""
        while not self._ended.wait(LOOK_EVERY):
            with self._lock:
                if self._ended.is_set():
                    return
                if self._away is None:
                    self._look()
                else:
                    self._wait_for_device(self._away)

    def _look(self) -> None:
        """Whether the stream still gives audio; a source that never did is left to ``trouble``."""
        blocks, now = self.engine.books()["blocks"], time.monotonic()
        if blocks != self._seen_blocks:
            self._seen_blocks, self._seen_at = blocks, now
        if not blocks:
            return
        silent = now - self._seen_at
        if self._stream is None or not self._stream.active:
            self._lose("the device was unplugged or its audio server ended")
        elif silent > SILENT_AFTER:
            self._lose(f"it has given no audio for {silent:.0f} s")

    def reopen(self, message: str) -> None:
        """Opens what is wanted now instead of what is open, telling ``message``."""
        with self._lock:
            if not self._ended.is_set() and self._away is None:
                self._begin_absence()
                self.tell("info", "audio.device_changed", message)

    def settled(self) -> bool:
        """Waits until no device is away; whether the source is not yet stopped."""
        while self._away is not None and not self._ended.wait(LOOK_EVERY):
            pass
        return not self._ended.is_set()

    def _lose(self, reason: str) -> None:
        self._begin_absence()
        self.tell(
            "warning",
            "audio.device_lost",
            f"{self.name} has gone: {reason}; waiting for it, with silence in the meantime",
        )

    def _begin_absence(self) -> None:
        stream, self._stream = self._stream, None
        self._away = away = self._absence(remind_after=REMIND_FIRST)
        self.engine.interrupt()
        self._open_anew(away, stream)

    def _absence(self, remind_after: float) -> _Absence:
        return _Absence(
            since=self._seen_at,
            remind_after=remind_after,
            blocks=self._seen_blocks,
            missing=self.engine.books()["missing"],
        )

    def _open_anew(self, away: _Absence, stream: Stream | None) -> None:
        self._opener = threading.Thread(
            target=self._reopen, args=(away, stream), name="device opener", daemon=True
        )
        self._opener.start()

    def _wait_for_device(self, away: _Absence) -> None:
        books, now = self.engine.books(), time.monotonic()
        if self._stream is not None and books["blocks"] != away.blocks:
            self._away = None
            self._seen_blocks, self._seen_at = books["blocks"], now
            gap = (books["missing"] - away.missing) / self.sample_rate
            self.tell(
                "info",
                "audio.device_back",
                f"{self.name} is back: {gap:.2f} s of silence stand for the time without it",
            )
            return
        self.engine.advance(max(0.0, now - BEHIND))
        if now - away.since > away.remind_after:
            away.remind_after *= 2
            self.tell(
                "warning",
                "audio.device_lost",
                f"{self.name} is away for {now - away.since:.0f} s: {away.reason}",
            )

    # ---- The opener's thread, one for each absence: opening may take long, or never end.

    def _reopen(self, away: _Absence, old: Stream | None) -> None:
        """Opens the device again and again until it gives audio."""
        pause, look_for_new = 0.0, away.since + LOOK_FOR_NEW
        if old is not None:
            old.close()
            pause = RETRY_FIRST
        while not self._ended.wait(pause) and self._away is away:
            pause = min(max(RETRY_FIRST, 2 * pause), RETRY_MOST)
            try:
                if self._is_card and time.monotonic() > look_for_new:
                    look_for_new += time.monotonic() - away.since
                    see_input(self._named)
                stream = self._open_again(away)
            except VoicestandError as error:
                away.reason = str(error)
                continue
            except Exception as error:  # of foreign code; without this thread it would stay away
                away.reason = f"{type(error).__name__}: {error}"
                continue
            if stream is None or self._gives_audio(stream, away):
                return
            away.reason = f"it opens and gives no audio for {SILENT_AFTER:.0f} s"
            with self._lock:
                if self._away is away:
                    self._stream = None
            stream.close()

    def _open_again(self, away: _Absence) -> Stream | None:
        """A started stream, or ``None`` if the source was stopped or paused meanwhile."""
        with muted_stderr():
            stream = self._open(self._find())
        with self._lock:
            if self._ended.is_set() or self._away is not away:
                stream.close()
                return None
            # The old stream may have given its last frames since it was given up.
            self.engine.interrupt()
            away.blocks = self.engine.books()["blocks"]
            try:
                stream.start()
            except VoicestandError:
                stream.close()
                raise
            self._stream = stream
        return stream

    def _gives_audio(self, stream: Stream, away: _Absence) -> bool:
        """Whether the keeper sees audio of ``stream``, or the source was stopped meanwhile."""
        opened = time.monotonic()
        while not self._ended.wait(LOOK_EVERY):
            if self._away is not away:
                return True
            if not stream.active or time.monotonic() - opened > SILENT_AFTER:
                return False
        return True


@dataclass
class _Absence:
    """The time from the last frame of a device to its next one."""

    since: float
    remind_after: float
    """Seconds."""
    blocks: int
    """How many blocks had come."""
    missing: int
    """How many frames were missing before."""
    reason: str = "it is not there"


def _possible_rate(device: InputDevice, channels: int, wanted: int) -> int:
    """``wanted`` if the device can do that, else its own rate."""
    portaudio = load_portaudio()
    try:
        portaudio.check_input_settings(
            device=device.index, channels=channels, dtype="float32", samplerate=wanted
        )
    except portaudio.PortAudioError:
        return round(device.default_sample_rate)
    return wanted
