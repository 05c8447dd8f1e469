"""A channel's recognizer: the listener writes audio and marks utterances, finals come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import msgspec
import numpy as np
import numpy.typing as npt

from voicestand.config import SpeechSettings
from voicestand.events import RoutingStats, Severity
from voicestand.routing.accounts import Succession
from voicestand.speech.agreement import Agreement
from voicestand.speech.audio_log import PIECE, SAMPLE_RATE, AudioLog, Pcm
from voicestand.speech.callbacks import Callbacks
from voicestand.speech.messages import Pace
from voicestand.speech.pending import Abandoned, Pending, Settled
from voicestand.speech.protocol import RecognizedWord
from voicestand.speech.registry import chosen
from voicestand.speech.supervisor import Supervisor

if TYPE_CHECKING:
    from voicestand.speech.template_process import Template

LOOKBACK = 16 * SAMPLE_RATE
"""Samples before the head that an utterance may still begin at: the longest pre-roll and onset that
can be set, and more."""

ANNOUNCE = SAMPLE_RATE // 10
"""Samples between two announcements of new audio to the worker: the worker is woken ten times a
second, and the end of an utterance finds at most so much unheard."""


class PartialResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the recognizer believes so far."""

    channel: str
    utterance: str
    text: str
    stable: int
    """So many first characters of ``text`` stay in all later ones of this utterance."""


class FinalResult(msgspec.Struct, frozen=True, kw_only=True):
    """The transcript of one utterance. ``asked`` to ``finished``: monotonic clock, seconds."""

    channel: str
    utterance: str
    text: str
    """Empty where no word was recognized, or the recognizer failed: then an alert said so."""
    words: list[RecognizedWord]
    """``start`` and ``end`` in seconds on the channel's audio clock."""
    start: int
    """First sample the recognizer was given, absolute index."""
    end: int
    """One after the last."""
    engine: str
    abandoned: Abandoned | None = None
    """Why the recognizer has no word on it, where it has none."""
    asked: float
    """When :meth:`Recognizer.end` was called."""
    started: float
    """When the engine began with the utterance; ``finished`` where it never did."""
    finished: float
    """When the engine had the transcript."""
    recognized_in: float
    """Seconds between ``asked`` and ``finished`` in which the engine computed, be it this utterance
    or those before it. The rest of the way to the callback is VoiceStand's own share."""


def on_audio_clock(words: list[RecognizedWord], start: int) -> list[RecognizedWord]:
    """``words`` of an utterance whose audio began at sample ``start``, to the millisecond."""
    offset = start / SAMPLE_RATE
    return [
        msgspec.structs.replace(
            word, start=round(offset + word.start, 3), end=round(offset + word.end, 3)
        )
        for word in words
    ]


class Recognizer:
    """The recognizer of one channel, in a process of its own that is replaced when it fails.

    ``write``, ``begin``, ``end`` and ``room`` belong to one thread, the listener; they never wait
    for the recognizer. The callbacks are called one at a time from a thread of the recognizer's
    own: ``on_final`` exactly once for every utterance that was begun and ended, in that order;
    ``on_alert`` with severity, code and message. Raises
    :class:`voicestand.errors.EngineUnavailableError` where ``settings.engine`` or its model is not
    there.

    Workers are forked from ``template`` where there is one, which must be closed after this.
    ``engine_path`` (``module:Class``) runs another engine than ``settings.engine``; it is how tests
    run engines that fail.

    Alerts: ``recognizer.restarted``, ``recognizer.gave-up``, ``recognizer.overrun``,
    ``recognizer.audio-missing``, ``recognizer.unavailable``, ``recognizer.recovered``.
    """

    def __init__(
        self,
        channel: str,
        settings: SpeechSettings,
        *,
        on_partial: Callable[[PartialResult], None],
        on_final: Callable[[FinalResult], None],
        on_alert: Callable[[Severity, str, str], None],
        template: Template | None = None,
        engine_path: str | None = None,
    ) -> None:
        choice = chosen(settings)
        self.engine = choice.name
        """Name of the engine."""
        self._channel = channel
        self._on_partial = on_partial
        self._on_final = on_final
        self._on_alert = on_alert
        self._changed = threading.Condition(threading.Lock())
        self._pending = Pending()
        self._log = AudioLog(round(settings.backlog_seconds * SAMPLE_RATE) + LOOKBACK + PIECE)
        self._announced = 0
        self._partial_interval = settings.partial_interval
        self._agreement: tuple[str, Agreement] = ("", Agreement())
        """Of the utterance that had the last partial."""
        self._undelivered = 0
        self._alerts: list[tuple[Severity, str, str]] = []
        self._closed = False
        self._routing = Succession()
        self._supervisor = Supervisor(
            engine_name=choice.name,
            engine_path=engine_path or choice.path,
            partial_interval=settings.partial_interval,
            hang_seconds=settings.hang_seconds,
            growth=settings.growth_megabytes << 20,
            log=self._log,
            pending=self._pending,
            changed=self._changed,
            callbacks=Callbacks(
                self._partial, self._settled, on_alert, self._take_alerts, self._routing.note
            ),
            template=template,
        )
        # The kernel kills the worker when the thread that spawned it ends: it is this one.
        self._thread = threading.Thread(
            target=self._supervisor.run, name=f"recognizer-{channel}", daemon=True
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Has the worker spawned; returns at once."""
        self._thread.start()

    def wait_ready(self, timeout: float | None = None) -> bool:
        """Waits until the model is loaded; False if it cannot be, or not within ``timeout`` s."""
        supervisor = self._supervisor
        with self._changed:
            self._changed.wait_for(
                lambda: supervisor.ready or supervisor.unavailable or supervisor.finished, timeout
            )
            return supervisor.ready

    @property
    def alive(self) -> bool:
        """Whether finals may still come: false once it was closed, or its thread failed."""
        return not self._supervisor.finished

    @property
    def head(self) -> int:
        """Absolute index of the next sample to be written."""
        return self._log.head

    def lag(self) -> float:
        """Seconds of what was said that the recognizer has not heard yet. Any thread may ask."""
        with self._changed:
            return self._pending.unheard(self._log.head) / SAMPLE_RATE

    def audio(self, start: int, end: int) -> Pcm:
        """The samples ``start`` to ``end`` that were written; silence where they are gone.

        Any thread may ask. Raises ``ValueError`` for more than the log can hold.
        """
        samples = self._log.read(start, end)
        with self._changed:
            gone = self._log.tail - start
        samples[: max(0, gone)] = 0
        return samples

    @property
    def worker_pid(self) -> int | None:
        """Process id of the present worker; None between two workers."""
        return self._supervisor.worker_pid

    def routing(self) -> RoutingStats | None:
        """What providers elsewhere were asked so far, by all workers; None where there are none."""
        return self._routing.total()

    def confine(self, cpus: frozenset[int]) -> None:
        """Has the worker, and those that replace it, run on ``cpus`` only. Any thread may ask.

        Where the system refuses it, they run where they did.
        """
        self._supervisor.confine(cpus)

    def batch(self, seconds: float) -> None:
        """Has utterances heard in batches of ``seconds`` of audio, and partials at most so often.

        0: as soon as audio comes, partials as set. Finals are late by what is computed for one
        batch at most. Any thread may ask.
        """
        interval = max(self._partial_interval, seconds)
        self._supervisor.pace(
            Pace(
                partial_interval=max(1, round(interval * SAMPLE_RATE)),
                batch=max(1, round(seconds * SAMPLE_RATE)),
            )
        )

    def write(self, samples: npt.NDArray[np.float32]) -> None:
        """Appends ``samples`` (float32, full scale 1.0, 16 kHz) to the channel's audio.

        All audio is written, silence too: an utterance may then begin in the past. Where there is
        no :meth:`room`, the oldest unfinished utterance gives way: it becomes final with what was
        recognized of it, and an alert says so.
        """
        with self._changed:
            self._check_open()
            while len(samples) > self._room() and (lost := self._pending.overrun()):
                self._say(
                    "error",
                    "recognizer.overrun",
                    f"recognition is so far behind speech on channel {self._channel} that the "
                    f"audio of utterance {lost.name} had to make room; the rest of it is not "
                    "recognized",
                )
            self._log.write(samples)
            needed = self._pending.oldest_needed()
            recent = self._log.head - LOOKBACK
            self._log.release(recent if needed is None else min(needed, recent))
            due = needed is not None and self._log.head - self._announced >= ANNOUNCE
            if due or self._alerts:
                self._announced = self._log.head
                self._supervisor.wake()

    def begin(self, utterance: str, start: int, assured: int | None = None) -> None:
        """An utterance begins at sample ``start``, at most :data:`LOOKBACK` before the head.

        ``assured``: see :meth:`assure`. Raises ``ValueError`` where one goes on already. Audio from
        before the channel's first sample, or older than what is kept, is missing from it; an alert
        tells the latter.
        """
        with self._changed:
            self._check_open()
            oldest = self._log.tail
            if max(0, start) < oldest:
                self._say(
                    "warning",
                    "recognizer.audio-missing",
                    f"utterance {utterance} begins {(oldest - start) / SAMPLE_RATE:.1f} s before "
                    "the oldest audio that is kept; its beginning is not recognized",
                )
            self._pending.begin(utterance, max(start, oldest), assured)
            self._announced = self._log.head
            self._supervisor.wake()

    def assure(self, until: int) -> None:
        """The utterance that goes on lasts at least until sample ``until``: hear it so far.

        Without, it is heard up to the head, the silence after speech too. Where it turns out to
        have ended before what was heard, it keeps the words before its end.
        """
        with self._changed:
            self._pending.assure(until)

    def end(self, utterance: str, end: int) -> None:
        """The utterance ends before sample ``end``, or before the head if that is earlier.

        Its final will come. Raises ``ValueError`` where this utterance does not go on.
        """
        asked = time.monotonic()
        with self._changed:
            self._check_open()
            self._pending.end(utterance, min(end, self._log.head), asked)
            self._undelivered += 1
            self._supervisor.wake()

    @property
    def capacity(self) -> int:
        """Samples there is :meth:`room` for while nobody speaks, and some more."""
        return self._log.capacity

    def room(self) -> int:
        """Samples that may be written before audio of an unfinished utterance is overwritten."""
        with self._changed:
            return self._room()

    def wait_for_room(self, samples: int, timeout: float) -> bool:
        """Waits until ``samples`` may be written; False if that does not come within ``timeout`` s.

        For sources that can wait: a file read faster than it can be recognized.
        """
        with self._changed:
            return self._changed.wait_for(
                lambda: self._room() >= samples or self._supervisor.finished, timeout
            )

    def drain(self, timeout: float) -> bool:
        """Waits until every ended utterance is delivered; False if ``timeout`` s pass before."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._undelivered == 0 or self._supervisor.finished, timeout
            )
            return self._undelivered == 0

    def close(self) -> None:
        """Kills the worker and ends the thread; finals that are still owed will not come.

        Not to be called from a callback. A second call does nothing.
        """
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._supervisor.close()
        if self._thread.is_alive():
            self._thread.join()
        self._supervisor.release()
        self._log.close()

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError(f"the recognizer of channel {self._channel} is closed")

    def _room(self) -> int:
        needed = self._pending.oldest_needed()
        recent = max(0, self._log.head - LOOKBACK)
        oldest = recent if needed is None else min(needed, recent)
        return self._log.capacity - (self._log.head - oldest)

    def _say(self, severity: Severity, code: str, message: str) -> None:
        """Has the supervisor's thread tell it: the listener calls no callback."""
        self._alerts.append((severity, code, message))

    def _take_alerts(self) -> list[tuple[Severity, str, str]]:
        with self._changed:
            alerts, self._alerts = self._alerts, []
        return alerts

    def _partial(self, utterance: str, text: str) -> None:
        if utterance != self._agreement[0]:
            self._agreement = (utterance, Agreement())
        shown, stable = self._agreement[1](text)
        self._on_partial(
            PartialResult(channel=self._channel, utterance=utterance, text=shown, stable=stable)
        )

    def _settled(self, settled: Settled, engine: str) -> None:
        utterance, final = settled
        now = time.monotonic()
        kept = utterance.partial if utterance.abandoned is Abandoned.OVERRUN else ""
        self._on_final(
            FinalResult(
                channel=self._channel,
                utterance=utterance.name,
                text=kept if final is None else final.text,
                words=[] if final is None else on_audio_clock(final.words, utterance.start),
                start=utterance.start,
                end=utterance.start if utterance.end is None else utterance.end,
                engine=engine,
                abandoned=utterance.abandoned,
                asked=utterance.asked,
                started=now if final is None else final.started,
                finished=now if final is None else final.finished,
                recognized_in=0.0 if final is None else final.busy,
            )
        )
        with self._changed:
            self._undelivered -= 1
