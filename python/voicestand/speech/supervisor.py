"""Keeps one worker alive and hands out what it recognizes: one thread per recognizer."""

from __future__ import annotations

import os
import selectors
import signal
import threading
import time
from enum import Enum, auto
from typing import TYPE_CHECKING

import msgspec

from voicestand.speech.audio_log import AudioLog
from voicestand.speech.callbacks import Callbacks
from voicestand.speech.messages import (
    Final,
    Notice,
    Pace,
    Partial,
    Progress,
    Ready,
    Report,
    Routing,
)
from voicestand.speech.pending import Death, Pending, Settled
from voicestand.speech.starts import RETRY_SECONDS, Starts
from voicestand.speech.worker_memory import Growth
from voicestand.speech.worker_process import (
    START_SECONDS,
    TemplateGoneError,
    WorkerExit,
    WorkerProcess,
)

if TYPE_CHECKING:
    from voicestand.speech.template_process import Template


class State(Enum):
    """Of the worker."""

    ABSENT = auto()
    LOADING = auto()
    READY = auto()


class Supervisor:
    """Makes, feeds, watches, kills and replaces the worker of one channel.

    The lock of ``changed`` guards ``pending`` and ``log``, which the listener changes; it is
    notified when an utterance left, the worker became ready or the thread ended. No callback is
    called with the lock held.
    """

    def __init__(
        self,
        *,
        engine_name: str,
        engine_path: str,
        partial_interval: float,
        hang_seconds: float,
        growth: int,
        log: AudioLog,
        pending: Pending,
        changed: threading.Condition,
        callbacks: Callbacks,
        template: Template | None,
    ) -> None:
        self._engine_name = engine_name
        self._engine_path = engine_path
        self._partial_interval = partial_interval
        self._hang_seconds = hang_seconds
        self._growth_limit = growth
        self._growth: Growth | None = None
        self._excess = 0
        """Bytes by which the worker has grown too much."""
        self._log = log
        self._pending = pending
        self._changed = changed
        self._callbacks = callbacks
        self._template = template
        self._eventfd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._eventfd, selectors.EVENT_READ)
        self._worker: WorkerProcess | None = None
        self._state = State.ABSENT
        self._born = 0.0
        """When the worker was made, then when it became ready."""
        self._watched_since: float | None = None
        """Since when the worker has work and has not said anything; None: it has no work."""
        self._starts = Starts()
        self._closing = False
        self._cpus: frozenset[int] | None = None
        self._pace: Pace | None = None
        self._unconfined = False
        self._unpaced = False
        self.finished = False
        """Whether the thread has ended, for whatever reason."""
        if template is not None:
            template.watch(self.wake)

    def wake(self) -> None:
        """Makes the thread look at what changed; never waits."""
        os.eventfd_write(self._eventfd, 1)

    def confine(self, cpus: frozenset[int]) -> None:
        """Has this worker, and those that replace it, run on ``cpus`` only; never waits."""
        self._cpus = cpus
        self._unconfined = True
        self.wake()

    def pace(self, pace: Pace) -> None:
        """Has this worker, and those that replace it, work at ``pace``; never waits."""
        self._pace = pace
        self._unpaced = True
        self.wake()

    def close(self) -> None:
        """Asks the thread to kill the worker and end."""
        self._closing = True
        self.wake()

    def release(self) -> None:
        """Releases the descriptors, once the thread has ended."""
        if self._template is not None:
            self._template.unwatch(self.wake)
        self._selector.close()
        os.close(self._eventfd)

    @property
    def ready(self) -> bool:
        """Whether a worker has its model loaded."""
        return self._state is State.READY

    @property
    def unavailable(self) -> bool:
        """Whether workers failed to start so often that finals come out empty."""
        return self._starts.unavailable

    @property
    def worker_pid(self) -> int | None:
        """Of the present worker."""
        worker = self._worker
        return worker.pid if worker else None

    def run(self) -> None:
        """The thread."""
        try:
            while not self._closing:
                self._step()
        finally:
            if self._worker is not None:
                self._worker.kill()
                self._part()
            with self._changed:
                self.finished = True
                self._changed.notify_all()

    def _step(self) -> None:
        if self._worker is None and self._patience() == 0.0:
            self._make()
        for alert in self._callbacks.alerts():
            self._callbacks.alert(*alert)
        self._settle()
        self._place()
        self._tell()
        ready = {key.fd for key, _ in self._selector.select(self._patience())}
        if self._eventfd in ready:
            os.eventfd_read(self._eventfd)
        worker = self._worker
        if worker is None:
            return
        # What a dead worker managed to say counts, so its socket is read to the end first.
        talks = self._read(worker)
        if not talks or worker.pidfd in ready:
            self._died(worker)
        elif self._patience() == 0.0:
            worker.kill()
            self._died(worker, hung=True)
        elif self._excess:
            self._replace(worker)

    def _make(self) -> None:
        try:
            worker = WorkerProcess(
                self._engine_path, self._log, self._partial_interval, self._template
            )
        except TemplateGoneError:
            return  # the next one wakes this thread
        except OSError as error:
            self._starts.ended(None)
            self._start_failed(Death.CRASHED, f"cannot be made: {error}")
            return
        self._worker = worker
        self._state = State.LOADING
        self._born = time.monotonic()
        self._watched_since = None
        self._unconfined = self._unpaced = True
        self._selector.register(worker.socket, selectors.EVENT_READ)
        self._selector.register(worker.pidfd, selectors.EVENT_READ)

    def _settle(self) -> None:
        """Lets go of what leaves without a worker's word."""
        with self._changed:
            settled = self._pending.take_abandoned()
            if self._starts.unavailable:
                settled += self._pending.take_ended()
        self._deliver(settled)

    def _place(self) -> None:
        worker, cpus = self._worker, self._cpus
        if worker is not None and cpus is not None and self._unconfined:
            self._unconfined = False
            worker.confine(cpus)

    def _tell(self) -> None:
        worker = self._worker
        if worker is None or self._state is not State.READY:
            return
        with self._changed:
            commands = [] if worker.unsent else self._pending.commands(self._log.head)
            busy = self._pending.busy()
        if self._unpaced and self._pace is not None:
            self._unpaced = False
            worker.send([self._pace])
        worker.send(commands)
        if not busy:
            self._watched_since = None
        elif self._watched_since is None:
            self._watched_since = time.monotonic()
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if worker.unsent else 0)
        self._selector.modify(worker.socket, events)

    def _deadline(self) -> float | None:
        """When the thread must look again even if nothing happens."""
        if self._worker is None:
            # A template that loads wakes this thread when it can fork, or never will.
            waits = self._template is not None and self._template.loading
            return None if waits else self._starts.next_at
        if self._state is State.LOADING:
            return self._born + START_SECONDS
        if self._watched_since is not None:
            return self._watched_since + self._hang_seconds
        return None

    def _patience(self) -> float | None:
        deadline = self._deadline()
        return None if deadline is None else max(0.0, deadline - time.monotonic())

    def _read(self, worker: WorkerProcess) -> bool:
        """Takes in what the worker said. False once it will say no more."""
        while True:
            try:
                reports = worker.receive()
            except msgspec.DecodeError:
                return False  # not our worker any more: treated like one that died
            if reports is None:
                return False
            if not reports:
                return True
            for report in reports:
                self._take(report)

    def _take(self, report: Report) -> None:
        if self._watched_since is not None:
            self._watched_since = time.monotonic()
        match report:
            case Ready(engine):
                self._became_ready(engine)
            case Progress(name, position):
                with self._changed:
                    self._pending.progress(name, position)
            case Partial(name, text):
                with self._changed:
                    wanted = self._pending.partial(name, text)
                if wanted:
                    self._callbacks.partial(name, text)
            case Final() as final:
                self._take_final(final)
            case Routing(stats):
                if self._worker is not None:
                    self._callbacks.routing(self._worker.pid, stats)
            case Notice(severity, code, message):
                self._callbacks.alert(severity, code, message)

    def _take_final(self, final: Final) -> None:
        with self._changed:
            settled = self._pending.final(final)
        self._deliver(settled)
        if self._growth is not None:
            self._excess = self._growth.excess()

    def _replace(self, worker: WorkerProcess) -> None:
        """Has another worker go on, since this one has grown too much."""
        excess, self._excess = self._excess, 0
        worker.kill()
        self._part()
        self._starts.at_once()
        with self._changed:
            self._pending.replaced()
        self._callbacks.alert(
            "info",
            "recognizer.replaced",
            f"the recognizer's worker had grown by {excess >> 20} MB and was replaced between two "
            "utterances (speech.growth_megabytes)",
        )

    def _became_ready(self, engine: str) -> None:
        self._engine_name = engine
        self._born = time.monotonic()
        self._excess = 0
        if self._worker is not None:
            self._growth = Growth(self._worker.pid, self._growth_limit)
        if self._starts.succeeded():
            self._callbacks.alert("info", "recognizer.recovered", "the recognizer works again")
        with self._changed:
            self._state = State.READY
            self._changed.notify_all()

    def _deliver(self, settled: list[Settled]) -> None:
        for one in settled:
            engine = one.final.engine if one.final else ""
            self._callbacks.settled(one, engine or self._engine_name)
        if settled:
            with self._changed:
                self._changed.notify_all()

    def _part(self) -> WorkerExit:
        worker = self._worker
        assert worker is not None
        self._selector.unregister(worker.socket)
        self._selector.unregister(worker.pidfd)
        self._worker = None
        self._state = State.ABSENT
        return worker.bury()

    def _died(self, worker: WorkerProcess, *, hung: bool = False) -> None:
        lived = time.monotonic() - self._born if self._state is State.READY else None
        ended = self._part()
        if hung:
            death, reason = Death.HUNG, f"said nothing for {self._hang_seconds:g} s"
        elif ended.signal == signal.SIGKILL:
            death, reason = Death.KILLED, "was killed (SIGKILL)"
        else:
            death, reason = Death.CRASHED, f"ended: {ended}"
        with self._changed:
            given_up = self._pending.died(death)
            owed = len(self._pending)
        self._starts.ended(lived)
        if lived is None:
            self._start_failed(death, reason)
        if lived is not None or death is Death.KILLED:
            self._callbacks.alert(
                "warning",
                "recognizer.restarted",
                f"the recognizer's worker {reason}; it is restarted and hears the "
                f"{owed} unfinished utterance(s) again",
            )
        if given_up is not None:
            self._callbacks.alert(
                "error",
                "recognizer.gave-up",
                f"utterance {given_up.name} stays without words: the recognizer failed "
                f"{given_up.crashes + given_up.kills} times while it heard it, the last time it "
                f"{reason}",
            )

    def _start_failed(self, death: Death, reason: str) -> None:
        with self._changed:
            if not self._starts.failed(killed=death is Death.KILLED):
                return
            self._changed.notify_all()
        self._callbacks.alert(
            "error",
            "recognizer.unavailable",
            f"the recognizer {self._engine_name} cannot start: its worker {reason}; utterances "
            f"stay without words; another attempt follows every {RETRY_SECONDS:g} s",
        )
