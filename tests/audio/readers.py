"""Readers that two threads want."""

from __future__ import annotations

from tests.program import wait_until

from voicestand._native import RingReader, SpeechReader


def wait_until_read(reader: SpeechReader | RingReader) -> None:
    """Until another thread is inside ``reader.read``."""

    def is_read() -> bool:
        try:
            return reader.delivered < 0
        except RuntimeError:  # the other thread has the reader
            return True

    wait_until(is_read, "a read")
