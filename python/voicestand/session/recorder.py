"""The thread that keeps the audio of a source, and that nothing else waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from voicestand.audio.source import SPEECH_RATE, Source
from voicestand.journal.flac import FlacWriter
from voicestand.session.inbox import Alert

if TYPE_CHECKING:
    from voicestand._native import SpeechReader

_WINDOW = SPEECH_RATE // 4


class Recorder:
    """Writes each channel of ``source`` to a FLAC file in ``folder`` until its audio ends.

    It has its own place on the speech ring: late by more than ``audio.ring_seconds``, it finds
    silence where it missed something, tells so once, and nobody else is held up.
    """

    def __init__(self, source: Source, folder: Path, tell: Callable[[Alert], None]) -> None:
        """To be made before the source starts; ``tell`` is called in its thread."""
        self._source = source
        self._folder = folder
        self._tell = tell
        # Nobody else knows the reader: a file would wait for one that is there and reads no more.
        reader = source.engine.speech_reader(_WINDOW)
        self._thread = threading.Thread(
            target=self._run, args=(reader,), name="recorder", daemon=True
        )

    def start(self) -> None:
        """Begins to record."""
        self._thread.start()

    def join(self, seconds: float | None = None) -> None:
        """Waits, at most ``seconds``, until everything is in the files: the source has ended."""
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self, reader: SpeechReader) -> None:
        try:
            self._record(reader)
        except Exception as error:  # whatever it is, the conversation goes on
            self._warn("audio.not_recorded", f"the audio is recorded no further: {error}")

    def _record(self, reader: SpeechReader) -> None:
        with ExitStack() as files:
            writers = []
            for role in self._source.roles:
                writer = FlacWriter(self._folder / f"{role}.flac")
                files.callback(writer.close)
                writers.append(writer)
            while (window := reader.read()) is not None:
                for writer, samples in zip(writers, window.samples, strict=True):
                    writer.write(samples[: window.frames])
        if reader.lost:
            self._warn(
                "audio.recording_gaps",
                f"{reader.lost} frames are silence in the recording: the disk was too slow",
            )

    def _warn(self, code: str, message: str) -> None:
        self._tell(Alert(severity="warning", code=code, message=message))
