"""One conversation from its first frame to its summary."""

from __future__ import annotations

import datetime
import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from voicestand import __version__
from voicestand.audio.source import SPEECH_RATE, Source
from voicestand.coach.coach import Coach
from voicestand.config import Settings
from voicestand.events import (
    EngineAlert,
    EngineStats,
    Event,
    SessionEnded,
    SessionStarted,
    Severity,
    TranscriptFinal,
)
from voicestand.journal.journal import Journal
from voicestand.session import heap
from voicestand.session.audio_keeping import AudioKeeper
from voicestand.session.coaching import Coaching
from voicestand.session.hearing import listeners, recognizer, teller
from voicestand.session.housekeeping import Housekeeper
from voicestand.session.inbox import Alert, EndReason, Generated, Heard, Message, Stop, Stopped
from voicestand.session.keeping import Keeper
from voicestand.session.listener import Books, Listener
from voicestand.session.notices import notices
from voicestand.session.pulse import Pulse
from voicestand.session.statistics import Observer, own_processes, routing, source_stats
from voicestand.session.utterances import Utterances
from voicestand.speech.recognizer import FinalResult, PartialResult, Recognizer
from voicestand.speech.template_process import started_template

if TYPE_CHECKING:
    from voicestand.session.usage import UsageMeter
    from voicestand.speech.template_process import Template
    from voicestand.vad.detector import Detector

LOOK_AGAIN = 1.0
"""Seconds without a message after which the journal is tried again, if it refused something."""


class Conversation:
    """Wires sources, voice activity, recognizers, coach and journal; ``run`` once, then it is over.

    Everything that happens becomes an event, given to ``show`` in the thread that called ``run``.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        settings: Settings,
        *,
        show: Callable[[Event], None],
        journal: Journal | None = None,
        coach: Coach | None = None,
        duration: float | None = None,
        sysroot: Path | None = None,
        publish: Callable[[EngineStats], None] | None = None,
        beat: Callable[[], None] | None = None,
        template: Template | None = None,
    ) -> None:
        """``sources`` with distinct roles; the conversation closes them. ``duration``: seconds of
        audio after which it ends. ``sysroot``: where ``sys/`` of the machine is, if not in ``/``.
        ``publish`` is called with the statistics every second, in a thread of its own. ``beat`` is
        called in the thread of ``run`` every second or so, unless it or a listener hangs.
        ``template``: what the recognizers' workers are forked from, and whoever gives it closes it;
        else there is one for this conversation.

        With a live source its threads are placed, and the machine kept cool, while it runs.
        """
        now = datetime.datetime.now().astimezone()
        self.id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        self.failure: str | None = None
        """Why it could not be completed, in one line; ``None`` if it was."""
        self._started_at = now.isoformat(timespec="milliseconds")
        self._sources = list(sources)
        self._live = any(source.live for source in self._sources)
        self._roles = [role for source in self._sources for role in source.roles]
        self._settings = settings
        self._keeper = Keeper(journal, show)
        self._utterances = Utterances(self.id)
        self._duration = duration
        self._sysroot = sysroot
        self._housekeeper: Housekeeper | None = None
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._coaching = Coaching(self.id, coach, self._roles, settings, self._inbox.put)
        self._template = template
        self._own_template = ExitStack()
        self._recognizers: dict[str, Recognizer] = {}
        self._detector: Detector | None = None
        self._listeners: list[Listener] = []
        self._audio = AudioKeeper(self.id, journal, settings, self._inbox.put)
        self._observer = Observer(self, self._inbox.put, publish)
        self._pulse = Pulse(beat) if beat is not None else None
        self._reason: EndReason = "end"
        self._journal_alerted = False

    # ---- What others may call at any time, from any thread.

    def stop(self, reason: EndReason = "interrupted") -> None:
        """Ends it: what was said so far is still transcribed. Safe in a signal handler."""
        self._inbox.put(Stop(reason))
        self._audio.hurry()

    def tell(self, severity: Severity, code: str, message: str) -> None:
        """Makes an ``engine.alert`` of it."""
        self._inbox.put(Alert(severity=severity, code=code, message=message))

    def levels(self) -> dict[str, tuple[float, float]]:
        """Per channel (peak, rms), 1 = full scale; peaks since the last call."""
        found = {}
        for source in self._sources:
            try:
                levels = source.engine.levels()
            except ValueError:  # closed: the conversation is ending
                continue
            for role, (peak, rms, _) in zip(source.roles, levels, strict=True):
                found[role] = (peak, rms)
        return found

    def position(self) -> float:
        """Seconds of audio heard."""
        return max((listener.position for listener in self._listeners), default=0) / SPEECH_RATE

    def frames(self) -> tuple[int, int, int]:
        """(captured, lost, xruns) so far."""
        books = self._books()
        return books.captured, books.lost, books.overflows

    def statistics(self, meter: UsageMeter) -> EngineStats:
        """What the engine measures of itself; percentages since ``meter`` was last read."""
        workers = {role: one.worker_pid for role, one in list(self._recognizers.items())}
        template = self._template.pid if self._template is not None else None
        accelerator = self._detector.accelerator_pid if self._detector is not None else None
        processes, cores = meter.read(own_processes(workers, template, accelerator))
        found = [source_stats(one.source, one.books()) for one in list(self._listeners)]
        return EngineStats(
            session=self.id,
            t=self.position(),
            interval=round(meter.interval, 3),
            sources=[one for one in found if one is not None],
            processes=processes,
            cores=cores,
            routing=routing(self._recognizers),
            lag={role: round(one.lag(), 1) for role, one in list(self._recognizers.items())},
            models=self._coaching.stats(),
        )

    def _books(self) -> Books:
        """Of all sources together."""
        return sum((listener.books() for listener in self._listeners), Books())

    # ---- The conversation itself.

    def run(self) -> SessionEnded:
        """Runs until the audio ends, ``duration`` is over or ``stop`` is called.

        Raises ``VoicestandError`` if it cannot begin; later trouble is an alert, and ``failure``.
        """
        try:
            self._begin()
            self._converse()
            return self._end()
        finally:
            self._observer.close()
            if self._housekeeper is not None:
                self._housekeeper.close()
            for source in self._sources:
                source.close()
            self._audio.close()
            self._coaching.close()
            for one in self._recognizers.values():
                one.close()
            self._own_template.close()
            if self._detector is not None:
                self._detector.close()

    def _begin(self) -> None:
        # The recognizers' model is loaded while this process compiles its own.
        if self._template is None:
            self._template = self._own_template.enter_context(
                started_template(self._settings.speech)
            )
        for role in self._roles:
            self._recognizers[role] = recognizer(
                role, self._settings, self._inbox.put, self._template
            )
        for one in self._recognizers.values():
            one.start()
        self._coaching.begin()
        from voicestand.vad.detector import Detector

        self._detector = Detector(self._settings.vad.device, teller(self._inbox.put))
        heard = self._audio.overhear(self._recognizers, self._keeper)
        self._listeners = listeners(
            self._sources,
            self._recognizers,
            self._detector,
            self._settings,
            heard,
            limit=self._duration,
        )
        heap.trim()
        for one in self._recognizers.values():
            one.wait_ready()
        self._keeper.begin(self._started(self._detector))
        for severity, code, message in notices(self._settings):
            self._alert(severity, code, message)
        self._audio.begin(self._sources, self._template)
        for listener in self._listeners:
            listener.start()
        # One clock for all: what is heard at one moment has one time on every channel.
        origin = time.monotonic()
        for source in self._sources:
            if source.engine.books()["clock"] is not None:  # else it keeps a clock of its own
                source.engine.begin_at(origin)
            source.start()
        self._observer.start()
        if self._live:
            self._housekeeper = Housekeeper(
                sources=self._sources,
                listeners=self._listeners,
                recognizers=list(self._recognizers.values()),
                conversation=threading.get_native_id(),
                tell=teller(self._inbox.put),
                sysroot=self._sysroot,
            )
            self._housekeeper.start()

    def _started(self, detector: Detector) -> SessionStarted:
        engines = sorted({one.engine for one in self._recognizers.values()})
        return SessionStarted(
            session=self.id,
            t=0.0,
            version=__version__,
            started_at=self._started_at,
            source=", ".join(source.name for source in self._sources),
            channels=self._roles,
            sample_rate=self._sources[0].sample_rate,
            engine=", ".join(engines),
            vad_device=detector.device,
        )

    def _converse(self) -> None:
        """Handles messages until every listener has stopped and every final is there."""
        listening = len(self._listeners)
        while listening:
            message = self._next()
            if isinstance(message, Stopped):
                listening -= 1
                if message.damaged:
                    self._alert("warning", "audio.damaged", f"{message.source}: {message.damaged}")
                if message.trouble:
                    self._fail("audio.failed", message.trouble)
                    self._stop_sources()
            elif message is not None:
                self._handle(message)
        while self._utterances.open and all(one.alive for one in self._recognizers.values()):
            message = self._next()
            if message is not None:
                self._handle(message)
        if self._utterances.open:
            missing = ", ".join(self._utterances.open)
            self._fail("recognizer.failed", f"no transcript came of {missing}: a bug, report it")

    def _next(self) -> Message | None:
        if self._pulse is not None:
            self._pulse.beat(self._listeners)
        if self._live:
            self._show_all(self._coaching.tick(self.position()))
        try:
            return self._inbox.get(timeout=LOOK_AGAIN)
        except queue.Empty:
            if self._keeper.held:
                self._after_finals(self._keeper.flush())
            return None

    def _handle(self, message: Message) -> None:
        match message:
            case Heard():
                self._keeper.other(self._utterances.heard(message))
            case PartialResult():
                partial = self._utterances.partial(message, self.position())
                if partial is not None:
                    self._keeper.other(partial)
            case FinalResult():
                self._final(self._utterances.final(message, self._audio.kept(message)))
            case Generated():
                self._show_all(self._coaching.on_generated(message, self.position()))
            case Alert():
                self._alert(message.severity, message.code, message.message, message.channel)
            case Stop():
                self._reason = message.reason
                self._stop_sources()
            case EngineStats():
                self._keeper.other(message)
            case Stopped():
                pass

    def _stop_sources(self) -> None:
        for source in self._sources:
            source.stop()

    def _final(self, event: TranscriptFinal) -> None:
        self._after_finals(self._keeper.final(event))
        if self._keeper.held and not self._journal_alerted:
            self._journal_alerted = True
            self._alert(
                "error",
                "journal.failed",
                f"{self._keeper.failure}; transcripts are held back until it can be written",
            )

    def _after_finals(self, shown: Sequence[TranscriptFinal]) -> None:
        """Coaches on what was just shown."""
        for final in shown:
            self._show_all(self._coaching.on_final(final))
        if self._journal_alerted and not self._keeper.held:
            self._journal_alerted = False
            self._alert("info", "journal.recovered", "the journal can be written again")

    def _show_all(self, events: Iterable[Event]) -> None:
        for event in events:
            self._keeper.other(event)

    def _alert(
        self, severity: Severity, code: str, message: str, channel: str | None = None
    ) -> None:
        self._keeper.other(
            EngineAlert(
                session=self.id,
                t=self.position(),
                severity=severity,
                code=code,
                message=message,
                channel=channel,
            )
        )

    def _fail(self, code: str, message: str) -> None:
        self.failure = self.failure or message
        self._reason = "failed"
        self._alert("error", code, message)

    def _end(self) -> SessionEnded:
        for listener in self._listeners:
            listener.join()
        self._audio.finish()
        while not self._inbox.empty():  # what they had to tell
            self._handle(self._inbox.get())
        self._after_finals(self._keeper.flush())
        if self._keeper.held:
            self._fail(
                "journal.failed",
                f"{self._keeper.failure}; {self._keeper.held} transcripts are not in the journal",
            )
            self._after_finals(self._keeper.give_up())
        if self._reason == "end" and any(listener.limited for listener in self._listeners):
            self._reason = "duration"
        books = self._books()
        event = SessionEnded(
            session=self.id,
            t=self.position(),
            frames_captured=books.captured,
            frames_delivered=books.delivered,
            frames_lost=books.lost,
            frames_missing=books.missing,
            xruns=books.overflows,
            utterances=self._coaching.finals,
            suggestions=self._coaching.suggestions,
            duration=self.position(),
            reason=self._reason,
            channels=self._coaching.channels(),
            call=self._coaching.call(),
            routing=routing(self._recognizers),
            models=self._coaching.stats(),
        )
        self._keeper.other(self._observer.finish())
        self._keeper.end(event)
        if self._keeper.failure is not None:
            self.failure = self.failure or str(self._keeper.failure)
        return event
