"""The audio that a session leaves beside its journal: recorded, spooled, or of an earlier one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from voicestand.audio.source import Source
from voicestand.config import Settings
from voicestand.events import Severity
from voicestand.journal import recordings
from voicestand.journal.journal import Journal
from voicestand.session.inbox import Alert, Message
from voicestand.session.keeping import Keeper
from voicestand.session.recovery import Recovery
from voicestand.session.spooler import Spooler

if TYPE_CHECKING:
    from voicestand.session.recorder import Recorder
    from voicestand.speech.recognizer import FinalResult, Recognizer
    from voicestand.speech.template_process import Template

PATIENCE = 1.0
"""Seconds that a recorder gets when the session fails."""


class AudioKeeper:
    """Keeps the audio of a session as its settings want it; without a journal, nothing."""

    def __init__(
        self, session: str, journal: Journal | None, settings: Settings, put: Callable[..., None]
    ) -> None:
        """``put``: takes alerts, in any thread."""
        self._session = session
        self._journal = journal
        self._settings = settings
        self._put = put
        self._recorders: list[Recorder] = []
        self._spooler: Spooler | None = None
        self._recovery: Recovery | None = None

    def overhear(
        self, recognizers: Mapping[str, Recognizer], keeper: Keeper
    ) -> Callable[[Message], None]:
        """Where the listeners are to put what they hear, so that it is spooled.

        It is, from :meth:`begin` on, until ``keeper`` has stored its transcript.
        """
        limit = self._settings.journal.spool_megabytes << 20
        if self._journal is None or not limit:
            return self._put
        self._spooler = Spooler(self._journal.path, self._session, recognizers, limit, self._put)
        keeper.stored = self._spooler.settle
        return self._spooler.overhear(self._put)

    def begin(self, sources: Sequence[Source], template: Template | None) -> None:
        """The session is in the journal, and the sources have not started.

        Where audio cannot be kept an alert says so, and the session goes on.
        """
        if self._journal is None:
            return
        if self._spooler is not None:
            self._spooler.start()
        settings = self._settings.journal
        try:
            recordings.expire(self._journal.path, settings.keep_audio_days)
            if settings.record_audio:
                from voicestand.session.recorder import Recorder

                folder = recordings.make_folder(self._journal.path, self._session)
                for source in sources:
                    self._recorders.append(Recorder(source, folder, self._put))
        except OSError as error:
            self._tell("warning", "audio.not_recorded", f"recorded audio: {error}")
        for recorder in self._recorders:
            recorder.start()
        self._recovery = Recovery(self._journal, self._settings, self._tell, template)
        self._recovery.start()

    def kept(self, result: FinalResult) -> str | None:
        """See :meth:`voicestand.session.spooler.Spooler.kept`."""
        return None if self._spooler is None else self._spooler.kept(result)

    def hurry(self) -> None:
        """What an earlier session left may wait. Safe in a signal handler."""
        if self._recovery is not None:
            self._recovery.hurry()

    def finish(self) -> None:
        """The sources have ended: waits until everything is on disk.

        And, if there is no :meth:`hurry`, until what an earlier session left is transcribed.
        """
        for recorder in self._recorders:
            recorder.join()
        if self._recovery is not None:
            self._recovery.join()

    def close(self) -> None:
        """Ends the threads, before the recognizers are closed."""
        for recorder in self._recorders:
            recorder.join(PATIENCE)
        if self._spooler is not None:
            self._spooler.close()
        if self._recovery is not None:
            self._recovery.close()

    def _tell(self, severity: Severity, code: str, message: str) -> None:
        self._put(Alert(severity=severity, code=code, message=message))
