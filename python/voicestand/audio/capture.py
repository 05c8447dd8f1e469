"""A device's audio as it gives it, for embedders: blocks with their times and their losses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypedDict

from voicestand.audio.device import SILENT_AFTER
from voicestand.audio.microphone import Microphone
from voicestand.config import AudioSettings
from voicestand.errors import DeviceError

if TYPE_CHECKING:
    from voicestand._native import CaptureBlock, ClockReading, EngineBooks


class CaptureStats(TypedDict):
    """The books of a ``Capture``.

    In frames: ``captured`` (accepted from the device), ``delivered`` to the reader, ``lost`` (the
    reader came too late for them), ``missing`` (the device never gave them, since it was away
    or its JACK server lost them), ``rejected`` (given while the stream was being replaced).
    ``overflows``: times that the audio server lost audio; ``longest_gap`` between two blocks,
    seconds; ``clock``: how the device's clock stands to ``time.monotonic()``.
    """

    captured: int
    delivered: int
    lost: int
    missing: int
    rejected: int
    overflows: int
    longest_gap: float
    clock: ClockReading | None


class Capture:
    """An input device, block by block, before any conditioning.

    A native callback puts what the device gives into a ring of ``ring_seconds``; Python may be late
    by that much before it loses a frame, and is told exactly how many it lost. Iterating gives
    ``CaptureBlock``: ``samples``, a copy, float32 (frames, channels), 1 = full scale; and of its
    first frame ``first_frame``, the index on the device's clock, and ``adc_time``, when it was
    converted, seconds of ``time.monotonic()``; ``published_time`` and ``read_time``, when the
    callback and when this reader had it. ``lost`` and ``missing`` are the frames directly
    before it that the reader was too late for and that the device never gave: ``first_frame`` is
    the end of the block before plus both. ``flags`` & 1: the audio server lost audio before it.

    A device that goes away is waited for and opened again; the block after it says how much is
    ``missing``. For one thread at a time; ``close`` from any ends the iteration.
    """

    def __init__(
        self,
        device: str = "",
        sample_rate: int = 48_000,
        channels: int = 1,
        *,
        block_frames: int = 512,
        ring_seconds: float = 4.0,
    ) -> None:
        """Opens the input that ``device`` means (``""``: the default one) and lets it run.

        ``device``: by name, a part of it, index or ``hostapi:name``. ``sample_rate`` 1,000 to
        768,000 Hz is wished for: see the attribute for what came of it. ``channels`` 1 to 32 at
        most: a device that has fewer gives fewer. ``block_frames`` 16 to 65,536 of a block, or 0:
        as the device gives them, in pieces of at most 128, as JACK always does. ``ring_seconds``
        0.01 to 600; in pieces it may hold half of that.

        Raises ``InputError`` for a name nobody has, ``ValueError`` for a number out of range,
        ``DeviceError`` if the device cannot be opened.
        """
        _check("sample_rate", sample_rate, 1_000, 768_000)
        _check("channels", channels, 1, 32)
        if block_frames != 0:
            _check("block_frames", block_frames, 16, 65_536)
        _check("ring_seconds", ring_seconds, 0.01, 600)
        settings = AudioSettings(
            sample_rate=sample_rate,
            block_frames=block_frames,
            ring_seconds=ring_seconds,
            high_pass_hz=0,
        )
        self._source = Microphone(device, settings, channels=channels)
        self.name = self._source.name
        """The device and its host API."""
        self.sample_rate = self._source.sample_rate
        """Of the device, Hz."""
        self.channels = self._source.channels
        self._reader = self._source.engine.capture_reader()
        self._final: EngineBooks | None = None
        try:
            self._source.start()
        except BaseException:
            self.close()
            raise

    def read(self, timeout: float | None = None) -> CaptureBlock | None:
        """The next block; ``None`` after ``close``, once everything before it was read.

        Waits by event, the GIL released. Raises ``TimeoutError`` after ``timeout`` seconds
        (``None``: no limit), ``DeviceError`` if a device that was opened never gives anything,
        ``RuntimeError`` while another thread reads.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = SILENT_AFTER if end is None else min(SILENT_AFTER, end - time.monotonic())
            try:
                return self._reader.read(left)
            except TimeoutError:
                if trouble := self._source.trouble():
                    raise DeviceError(trouble) from None
                if end is not None and time.monotonic() >= end:
                    raise

    def __iter__(self) -> Iterator[CaptureBlock]:
        """Blocks until ``close``; raises as ``read`` does."""
        while (block := self.read()) is not None:
            yield block

    def stats(self) -> CaptureStats:
        """The books; those of the end after ``close``.

        Raises ``RuntimeError`` while another thread reads.
        """
        books = self._final or self._source.engine.books()
        return {
            "captured": books["captured"],
            "delivered": self._reader.delivered,
            "lost": self._reader.lost,
            "missing": books["missing"],
            "rejected": books["rejected"],
            "overflows": books["overflows"],
            "longest_gap": books["longest_gap"],
            "clock": books["clock"],
        }

    def close(self) -> None:
        """Stops the device; what it has given can still be read. Safe to repeat."""
        if self._final is None:
            self._source.stop()
            self._final = self._source.engine.books()
            self._source.close()

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} {value}: {least} to {most} is wanted")
