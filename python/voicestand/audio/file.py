"""A file as a source: through the same engine as a device, at real pace or as fast as it goes."""

from __future__ import annotations

import math
import threading
import time
from pathlib import Path
from typing import Literal

from voicestand._native import Engine
from voicestand.audio.conditioning import check_instruction_set, condition
from voicestand.audio.decoding import Decoder
from voicestand.audio.source import OTHER, SELF, Tell, unheard
from voicestand.config import AudioSettings
from voicestand.errors import InputError

Pace = Literal["realtime", "max"]

_BLOCKS_PER_SECOND = 100

_LARGEST_RING = 1 << 24
"""Samples. Reading waits for room, so a file with many channels does with a shorter ring."""


class FileSource:
    """A recording. Mono, or mixed to mono, is ``self``; two channels are ``self`` and ``other``."""

    live = False

    def __init__(
        self,
        path: Path,
        settings: AudioSettings,
        *,
        pace: Pace = "realtime",
        limit: float | None = None,
        mono: bool = False,
    ) -> None:
        """Opens ``path``; ``limit``: seconds after which it ends; ``mono``: mix all channels.

        Raises ``InputError`` if it cannot be read, holds no audio, or for a limit that is none.
        """
        if limit is not None and not 0 <= limit < math.inf:
            raise InputError(f"a limit of {limit} s: give the seconds after which to end")
        check_instruction_set()
        self._decoder = Decoder(path)
        self.name = self._decoder.name
        self.sample_rate = self._decoder.sample_rate
        self.tell: Tell = unheard
        self.frames_read = 0
        """Frames that went into the engine, with the silence in the place of damaged ones."""
        self.expected_duration = self._expected(limit)
        """Seconds, as far as the file says; for showing progress."""
        self._most_frames = None if limit is None else round(limit * self.sample_rate)
        self._pace = pace
        self._stopped = threading.Event()
        self._closed = False
        self._failure: str | None = None
        channels = self._decoder.channels
        two = channels == 2 and not mono
        self.roles = [SELF, OTHER] if two else [SELF]
        try:
            self.engine = Engine(
                sample_rate=self.sample_rate,
                channels=channels,
                roles=[[0], [1]] if two else [list(range(channels))],
                block_frames=max(64, self.sample_rate // _BLOCKS_PER_SECOND),
                ring_seconds=min(
                    settings.ring_seconds, _LARGEST_RING / (channels * self.sample_rate)
                ),
                high_pass_hz=settings.high_pass_hz,
            )
        except ValueError as error:
            self._decoder.close()
            raise InputError(f"{self.name}: {error}") from None
        condition(self.engine, settings)
        self._thread = threading.Thread(target=self._feed, name=f"file {self.name}", daemon=True)

    @property
    def damaged(self) -> str | None:
        """What was wrong with the audio so far, in one line."""
        return self._decoder.damaged

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    def stop(self) -> None:
        """Ends reading within a block. Safe to repeat, also after ``close``."""
        self._stopped.set()
        if not self._closed:
            self.engine.finish()

    def trouble(self) -> str | None:
        """Why reading failed, if it did: a mistake of ours, not of the file."""
        return self._failure

    def close(self) -> None:
        """Stops and closes the file. Safe to repeat."""
        self.stop()
        self._closed = True
        if self._thread.is_alive():
            self._thread.join()
        self._decoder.close()
        self.engine.close()

    def _expected(self, limit: float | None) -> float | None:
        stated = self._decoder.duration
        return min((d for d in (stated, limit) if d is not None), default=None)

    def _feed(self) -> None:
        try:
            self._feed_blocks()
        except Exception as error:
            self._failure = f"reading {self.name} failed: {type(error).__name__}: {error}"
        finally:
            self.engine.finish()

    def _feed_blocks(self) -> None:
        step = max(1, self.sample_rate // _BLOCKS_PER_SECOND)
        began = time.monotonic()
        for decoded in self._decoder.blocks():
            block = decoded
            if self._most_frames is not None:
                block = block[: max(0, self._most_frames - self.frames_read)]
                if not len(block):
                    return
            for start in range(0, len(block), step):
                part = block[start : start + step]
                # At real pace a frame exists once its time has come; the file's clock never drifts.
                due = began + (self.frames_read + len(part)) / self.sample_rate
                if self._pace == "realtime":
                    self._stopped.wait(max(0.0, due - time.monotonic()))
                if self._stopped.is_set():
                    return
                now = time.monotonic()
                first = (due if self._pace == "realtime" else now) - len(part) / self.sample_rate
                self.frames_read += self.engine.push(part, adc_time=first, wait=True)
