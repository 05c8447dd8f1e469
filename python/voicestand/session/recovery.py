"""What was being said when the program was killed, transcribed by a later one."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from voicestand.audio.source import SPEECH_RATE, Tell
from voicestand.config import Settings
from voicestand.errors import VoicestandError
from voicestand.events import Failure, Severity, TranscriptFinal, Word
from voicestand.journal import spool
from voicestand.journal.journal import Journal
from voicestand.journal.spool import Spooled
from voicestand.speech.pending import Abandoned
from voicestand.speech.recognizer import FinalResult, Recognizer
from voicestand.speech.registry import AUTO, chosen

if TYPE_CHECKING:
    from voicestand.speech.template_process import Template

MOST_ATTEMPTS = 3
"""Programs that may die while they transcribe an utterance before its audio is only kept."""

BLOCK = SPEECH_RATE // 2
"""Samples handed to the recognizer at a time."""

CODE = "speech.recovered"
"""Of the alert (``info``) that utterances of an earlier session were transcribed."""

FAILED_CODE = "speech.not_recovered"
"""Of the alert (``warning``) that they wait for the next start."""

_WAITS = "what an earlier session heard last still waits for its transcript: {}"

_LOOK_AROUND = 0.5
"""Seconds after which a recognizer is asked whether it will say anything at all."""


class Recovery:
    """Transcribes the spooled utterances of sessions whose program is no more, in its own thread.

    The transcript goes into the session it was said in, before its audio is erased: whenever this
    is killed, each utterance is in the journal once, or its audio still is on disk.
    """

    def __init__(
        self, journal: Journal, settings: Settings, tell: Tell, template: Template | None = None
    ) -> None:
        """``tell`` is called in the thread. Workers come from ``template`` if there is one."""
        self._journal = journal
        self._settings = settings
        self._tell = tell
        self._template = template
        self._recognizer: Recognizer | None = None
        self._finals: queue.SimpleQueue[FinalResult] = queue.SimpleQueue()
        self._closing = False
        self.complete = True
        """Whether nothing that could be transcribed is left."""
        self._thread = threading.Thread(target=self.run, name="recovery", daemon=True)

    def start(self) -> None:
        """Begins, in its thread."""
        self._thread.start()

    def join(self) -> None:
        """Waits until all was transcribed."""
        self._thread.join()

    def hurry(self) -> None:
        """Has it end soon, and leave the rest to the next start. Safe in a signal handler."""
        self._closing = True

    def close(self) -> None:
        """Ends it, and its thread."""
        self.hurry()
        if self._thread.is_alive():
            self._thread.join()

    def run(self) -> None:
        """Transcribes all there is; returns when it is done, or closed."""
        try:
            for folder in spool.sessions(self._journal.path):
                with spool.claimed(folder) as ours:
                    if ours:
                        self._recover(folder)
        except Exception as error:  # whatever it is, the conversation goes on
            self.complete = False
            self._tell("warning", FAILED_CODE, _WAITS.format(error))
        finally:
            if self._recognizer is not None:
                self._recognizer.close()

    def _recover(self, folder: Path) -> None:
        """One session. Raises ``OSError``, ``VoicestandError``."""
        status = self._journal.adopt(folder.name)
        if status == "running":
            return
        found = spool.find(folder)
        done = 0
        for spooled in found:
            if status is None:  # the session was deleted while its program died
                spool.erase(spooled.path)
            elif not self._closing:
                done += self._settle(spooled)
        spool.remove_empty(self._journal.path, folder.name)
        if done:
            self._tell(
                "info",
                CODE,
                f"{done} utterance(s) of session {folder.name}, which was killed, are transcribed: "
                f"voicestand sessions show {folder.name}",
            )

    def _settle(self, spooled: Spooled) -> bool:
        """One utterance; whether it has its final now and had none before."""
        about = spooled.about
        final, kept = self._journal.kept_audio(about.session, about.utterance)
        if final:  # somebody was killed between the journal and this file
            self._let_go(spooled, kept is not None)
            return False
        if about.attempts >= MOST_ATTEMPTS:
            event = _final(spooled, None, "none")
        else:
            spool.note_attempts(spooled, about.attempts + 1)
            result = self._transcribe(spooled)
            if result is None or result.abandoned is Abandoned.UNAVAILABLE:
                spool.note_attempts(spooled, about.attempts)  # not its fault
                self.complete = False
                return False
            event = _final(spooled, result, result.engine)
        new = self._journal.final(event)
        self._let_go(spooled, event.audio is not None)
        return new

    def _let_go(self, spooled: Spooled, keep: bool) -> None:
        if keep:
            spool.keep(spooled.path, self._journal.path)
        else:
            spool.erase(spooled.path)

    def _transcribe(self, spooled: Spooled) -> FinalResult | None:
        """What the recognizer makes of it; ``None`` if this was closed meanwhile."""
        samples = spool.audio(spooled).astype(np.float32) / np.float32(32768)
        recognizer = self._recognizer = self._recognizer or self._started(spooled.about.channel)
        start = recognizer.head
        recognizer.begin(spooled.about.utterance, start)
        for at in range(0, len(samples), BLOCK):
            recognizer.write(samples[at : at + BLOCK])
        recognizer.end(spooled.about.utterance, start + len(samples))
        while not self._closing:
            try:
                result = self._finals.get(timeout=_LOOK_AROUND)
            except queue.Empty:
                if not recognizer.alive:
                    raise VoicestandError("the recognizer failed") from None
                continue
            return result
        return None

    def _started(self, channel: str) -> Recognizer:
        """Raises ``EngineUnavailableError``."""
        settings, template = self._settings.speech, self._template
        if chosen(settings).entry.remote:
            # What was said then need not have been said to go elsewhere.
            settings = msgspec.structs.replace(settings, engine=AUTO)
            template = None
        recognizer = Recognizer(
            channel,
            settings,
            on_partial=lambda partial: None,
            on_final=self._finals.put,
            on_alert=self._tell,
            template=template,
        )
        recognizer.start()
        return recognizer


def recover_waiting(settings: Settings, tell: Callable[[Severity, str, str], None]) -> bool:
    """Transcribes what waits for it, if anything does, and alerts are told; false if some is left.

    The journal is opened only if there is something.
    """
    from voicestand.journal.schema import journal_path

    folder = Path(settings.journal.folder).expanduser() if settings.journal.folder else None
    try:
        if not any(spool.sessions(journal_path(folder))):
            return True
        with Journal.open(folder) as journal:
            recovery = Recovery(journal, settings, tell)
            recovery.run()
            return recovery.complete
    except (OSError, VoicestandError) as error:
        tell("warning", FAILED_CODE, _WAITS.format(error))
        return False


def _final(spooled: Spooled, result: FinalResult | None, engine: str) -> TranscriptFinal:
    """``result`` in the time of its session; ``None``: nobody could transcribe it."""
    about = spooled.about
    offset = (about.start - (0 if result is None else result.start)) / SPEECH_RATE
    words = [
        Word(
            text=word.text,
            start=round(word.start + offset, 3),
            end=round(word.end + offset, 3),
            confidence=word.confidence,
        )
        for word in (result.words if result is not None else ())
    ]
    end = max(about.speech_start, spooled.end) / SPEECH_RATE
    failed: Failure | None = "gave-up"
    if result is not None:
        failed = result.abandoned.value if result.abandoned else None
    return TranscriptFinal(
        session=about.session,
        t=end,
        channel=about.channel,
        utterance=about.utterance,
        text="" if result is None else result.text,
        start=about.speech_start / SPEECH_RATE,
        end=end,
        engine=engine,
        latency_ms=0.0,
        engine_ms=0.0,
        recognizer_ms=0.0,
        words=words or None,
        recovered=True,
        failed=failed,
        audio=None if failed is None else spool.kept_name(about.session, about.utterance),
    )
