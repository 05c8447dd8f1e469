"""The threads that put the audio of utterances in flight on disk, for which nothing else waits."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from voicestand.journal import spool
from voicestand.journal.spool import About, SpoolFile
from voicestand.session.inbox import Alert, Heard, Message
from voicestand.vad.endpointer import Endpoint, Onset

if TYPE_CHECKING:
    from voicestand.events import TranscriptFinal
    from voicestand.speech.recognizer import FinalResult, Recognizer

TICK = 0.25
"""Seconds between two writes while somebody speaks: what ``kill -9`` takes of an utterance, about.
The kernel has what was written, so that it survives the process."""

SYNC = 1.0
"""Seconds between two waits for the disk, for one file: what a power failure takes."""

PATIENCE = 5.0
"""Seconds that the end of a session waits for a disk that hangs."""


class _Settled(NamedTuple):
    """The utterance's final is in the journal."""

    utterance: str
    keep: bool
    """Its audio is wanted after all."""


class _Close(NamedTuple):
    """The session is over."""


class _Flight(NamedTuple):
    """An utterance that is being written."""

    recognizer: Recognizer
    file: SpoolFile


class Disk:
    """A thread that waits for the disk, so that the one that writes need not."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._failed: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="spool-disk", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def do(self, job: Callable[[], None]) -> None:
        """Has ``job`` done after those before it; never waits."""
        self._jobs.put(job)

    def failure(self) -> OSError | None:
        """What failed since this was last asked."""
        failed, self._failed = self._failed, None
        return failed

    def close(self) -> None:
        """Waits for the jobs, but not for ever."""
        self._jobs.put(None)
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except OSError as error:
                self._failed = error


class Spooler:
    """Keeps each utterance of a session on disk from its onset until its final is in the journal.

    Beyond ``limit`` bytes, and where the disk takes no more, it stops writing what is being said,
    tells so once (``audio.not_spooled``), and begins again with the first utterance for which there
    is room. What was spooled before stays.
    """

    def __init__(
        self,
        journal: Path,
        session: str,
        recognizers: Mapping[str, Recognizer],
        limit: int,
        tell: Callable[[Alert], None],
    ) -> None:
        """``journal``: its file. ``tell`` is called in a thread of the spooler's own."""
        self._journal = journal
        self._session = session
        self._recognizers = recognizers
        self._limit = limit
        self._tell = tell
        self._inbox: queue.SimpleQueue[Heard | _Settled | _Close] = queue.SimpleQueue()
        self._flights: dict[str, _Flight] = {}
        self._growing: set[str] = set()
        self._unsynced: dict[str, float] = {}
        """When each was last synced that was written to since."""
        self._stopped: set[str] = set()
        """Those of which not everything is on disk."""
        self._alerted = False
        self._disk = Disk()
        self._thread = threading.Thread(target=self._run, name="spooler", daemon=True)

    def start(self) -> None:
        """Begins to write; the session is in the journal."""
        self._disk.start()
        self._thread.start()

    def overhear(self, put: Callable[[Message], None]) -> Callable[[Message], None]:
        """``put``, of which the spooler learns what is heard before anybody else does."""

        def told(message: Message) -> None:
            if isinstance(message, Heard):
                self._inbox.put(message)
            put(message)

        return told

    def kept(self, result: FinalResult) -> str | None:
        """Where the audio will be of an utterance that the recognizer could not finish.

        ``None`` if it could, or nothing of it is on disk; else an alert (``audio.kept``) says it.
        """
        if result.abandoned is None or result.utterance not in self._flights:
            return None
        name = spool.kept_name(self._session, result.utterance)
        self._tell(
            Alert(
                severity="warning",
                code="audio.kept",
                message=f"utterance {result.utterance} was not understood to its end; its audio is "
                f"kept in {self._journal.parent / name}",
                channel=result.channel,
            )
        )
        return name

    def settle(self, final: TranscriptFinal) -> None:
        """The final is in the journal: the audio goes, or to where the final says. Never waits."""
        self._inbox.put(_Settled(final.utterance, keep=final.audio is not None))

    def close(self) -> None:
        """Ends the threads; what has no final in the journal stays on disk."""
        if not self._thread.is_alive():
            return
        self._inbox.put(_Close())
        self._thread.join(PATIENCE)
        self._disk.close()

    def _run(self) -> None:
        while True:
            try:
                message = self._inbox.get(timeout=TICK if self._growing or self._unsynced else None)
                if isinstance(message, _Close):
                    self._finish()
                    return
                self._take(message)
            except queue.Empty:
                self._write()
            except Exception as error:  # whatever it is, the conversation goes on
                self._warn(f"{error}")

    def _take(self, message: Heard | _Settled) -> None:
        match message:
            case Heard(what=Onset() as onset):
                self._begin(message, onset)
                self._write()
            case Heard(what=Endpoint() as end):
                self._write()
                self._end(message.utterance, end)
            case _Settled(utterance, keep):
                self._settle(utterance, keep)

    def _begin(self, heard: Heard, onset: Onset) -> None:
        about = About(
            session=self._session,
            channel=heard.channel,
            utterance=heard.utterance,
            start=max(0, onset.audio_start),
            speech_start=onset.start,
        )
        try:
            folder = spool.make_folder(self._journal, self._session)
            file = SpoolFile(folder, about)
        except OSError as error:
            self._stop(heard.utterance, str(error))
            return
        self._flights[heard.utterance] = _Flight(self._recognizers[heard.channel], file)
        self._growing.add(heard.utterance)

    def _write(self) -> None:
        """Adds what has come to the files, and has the disk told of it when it is time."""
        for name in sorted(self._growing):
            recognizer, file = self._flights[name]
            self._grow(name, file, recognizer)
        now = time.monotonic()
        for name, since in list(self._unsynced.items()):
            if now - since >= SYNC:
                file = self._flights[name].file
                self._disk.do(file.sync)
                if name in self._growing:
                    self._unsynced[name] = now
                else:  # not open while it waits: hundreds may, behind a slow recognizer
                    del self._unsynced[name]
                    self._disk.do(file.close)
        if (failed := self._disk.failure()) is not None:
            self._warn(str(failed))

    def _grow(self, name: str, file: SpoolFile, recognizer: Recognizer) -> None:
        head = recognizer.head
        if head <= file.head:
            return
        if self._room() < 2 * (head - file.head):
            self._stop(name, f"journal.spool_megabytes is reached ({self._limit >> 20} MB)")
            return
        try:
            file.append(recognizer.audio(file.head, head))
        except OSError as error:
            self._stop(name, str(error))
            return
        self._unsynced.setdefault(name, time.monotonic())

    def _room(self) -> int:
        return self._limit - sum(flight.file.size for flight in self._flights.values())

    def _end(self, utterance: str, end: Endpoint) -> None:
        if (flight := self._flights.get(utterance)) is None:
            return
        self._growing.discard(utterance)
        about = msgspec.structs.replace(
            flight.file.about, speech_start=end.start, speech_end=end.end
        )
        try:
            flight.file.finish(about, end.audio_end)
        except OSError as error:
            self._warn(str(error))

    def _settle(self, utterance: str, keep: bool) -> None:
        flight = self._flights.pop(utterance, None)
        self._growing.discard(utterance)
        self._unsynced.pop(utterance, None)
        self._stopped.discard(utterance)
        self._alerted = self._alerted and bool(self._stopped)
        if flight is None:
            return
        path = flight.file.path
        self._disk.do(flight.file.close)
        if keep:
            self._disk.do(lambda: spool.keep(path, self._journal))
        else:
            self._disk.do(lambda: spool.erase(path))

    def _finish(self) -> None:
        for flight in self._flights.values():
            self._disk.do(flight.file.close)
        self._disk.do(lambda: spool.remove_empty(self._journal, self._session))

    def _stop(self, utterance: str, reason: str) -> None:
        """Writes no more of this one."""
        self._growing.discard(utterance)
        self._stopped.add(utterance)
        self._warn(reason)

    def _warn(self, reason: str) -> None:
        if self._alerted:
            return
        self._alerted = True
        self._tell(
            Alert(
                severity="warning",
                code="audio.not_spooled",
                message=f"what is being said is not spooled to the disk: {reason}; should the "
                "program be killed now, it is lost",
            )
        )
