"""A recording transcribed: the same rooms as a live conversation, without journal and coach."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from pathlib import Path
from queue import SimpleQueue

import msgspec

from voicestand.audio.file import FileSource
from voicestand.config import Settings
from voicestand.events import Event
from voicestand.session.conversation import Conversation


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a transcription is, in seconds of audio."""

    done: float
    total: float | None
    """As far as the file says."""


def transcribe_file(
    path: Path, settings: Settings, *, progress: Callable[[Progress], None] | None = None
) -> Generator[Event, None, None]:
    """The events of ``path``, as they come, at maximum pace; ``progress`` is told between them.

    Raises ``InputError`` if the file cannot be read, ``EngineUnavailableError`` if there is no
    recognizer. Closing the iterator ends the transcription.
    """
    source = FileSource(path, settings.audio, pace="max")
    arrived: SimpleQueue[Event | BaseException | None] = SimpleQueue()
    conversation = Conversation([source], settings, show=arrived.put)

    def run() -> None:
        try:
            conversation.run()
            arrived.put(None)
        except BaseException as error:
            arrived.put(error)

    thread = threading.Thread(target=run, name="transcription", daemon=True)
    thread.start()
    try:
        while (event := arrived.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            if progress is not None:
                done = event.t
                progress(Progress(done=done, total=source.expected_duration))
            yield event
    finally:
        conversation.stop()
        thread.join()
