"""Keeps a session's threads where they belong, as urgent as permitted, and the machine cool.

One thread that looks around once a second. It never touches audio: whatever it cannot do, the
session goes on without.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from voicestand import _native
from voicestand.audio.source import Source, Tell
from voicestand.cpu import rtkit
from voicestand.cpu.affinity import pin
from voicestand.cpu.placement import Plan, plan, written
from voicestand.cpu.priority import PRIORITY
from voicestand.session.backlog import BacklogWatch
from voicestand.session.listener import Listener
from voicestand.speech.recognizer import Recognizer

INTERVAL = 1.0
"""Seconds between two looks: the rate the thermal governor is made for."""

BATCH = 1.0
"""Seconds of audio that recognizers hear at a time while the machine is too hot."""

_TOLD = {
    "full": "background work is as set again",
    "batched": f"recognizers hear {BATCH:g} s at a time and partials come more rarely",
    "thrifty": "recognizers and voice activity keep to the thrifty CPUs",
    "single": "all recognizers share one CPU",
}


class Housekeeper:
    """Places the threads of one session, by plan; re-plans; governs; asks rtkit.

    Its own thread is never pinned: what that thread may use is what the process may use, and shows
    when somebody moves the process to other CPUs.
    """

    def __init__(
        self,
        *,
        sources: Sequence[Source],
        listeners: Sequence[Listener],
        recognizers: Sequence[Recognizer],
        conversation: int,
        tell: Tell,
        sysroot: Path | None = None,
    ) -> None:
        """``conversation``: kernel identifier of the thread that handles events; ``tell``: takes
        severity, code and message of an alert, in this object's thread; ``sysroot``: as in
        :func:`voicestand.cpu.topology`."""
        self._sources = sources
        self._listeners = listeners
        self._recognizers = recognizers
        self._conversation = conversation
        self._tell = tell
        self._backlog = BacklogWatch(recognizers, tell)
        self._sysroot = sysroot
        self._thermometer = _native.Thermometer(sysroot)
        self._governor = _native.ThermalGovernor(self._thermometer.limit)
        self._allowed: set[int] = set()
        self._plan: Plan | None = None
        self._placed: dict[int, set[int]] = {}
        """Threads and workers that were pinned, and where to."""
        self._refused = False
        self._asked: set[int] = set()
        """DSP threads for which rtkit was asked."""
        self._overruns = _native.realtime_overruns()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Begins; the first look around is at once."""
        self._thread.start()

    def close(self) -> None:
        """Ends, and lets the conversation's thread run where it could before. Safe to repeat."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def level(self) -> str:
        """Of the thermal governor: ``full``, ``batched``, ``thrifty`` or ``single``."""
        return self._governor.level

    def _run(self) -> None:
        try:
            while True:
                self._look()
                if self._ended.wait(INTERVAL):
                    break
        except Exception as error:
            self._tell(
                "warning",
                "engine.housekeeping",
                f"placement and thermal control ended: {type(error).__name__}: {error}; the "
                "session goes on without",
            )
        finally:
            self._release(self._conversation)

    def _look(self) -> None:
        self._backlog.look()
        self._govern()
        self._replan()
        self._place()
        self._prioritize()

    # ---- Heat

    def _govern(self) -> None:
        celsius = self._thermometer.read()
        level = self._governor.observe(time.monotonic(), celsius)
        if level is None:
            return
        for recognizer in self._recognizers:
            recognizer.batch(0.0 if level == "full" else BATCH)
        heat = "its temperature is unknown" if celsius is None else f"it is at {celsius:.0f} °C"
        self._tell(
            "info", "engine.thermal", f"the processor: {heat}; level {level}: {_TOLD[level]}"
        )

    # ---- Placement

    def _replan(self) -> None:
        allowed = os.sched_getaffinity(0)
        if allowed == self._allowed:
            return
        first, self._allowed = not self._allowed, allowed
        self._refused = False
        self._plan = plan(
            realtime=len(self._sources),
            background=len(self._recognizers),
            sysroot=self._sysroot,
            allowed=allowed,
        )
        if not first:
            kept = "kept apart" if self._plan.separate else "not kept apart: too few cores"
            self._tell(
                "info",
                "engine.placement",
                f"the process may now use CPUs {written(allowed)}; threads are {kept}",
            )

    def _place(self) -> None:
        for thread, cpus in self._wanted().items():
            if self._refused:
                return
            # Read back each time: a cgroup that changes resets what was set.
            self._put(thread, cpus)
        for recognizer in self._recognizers:
            worker, cpus = recognizer.worker_pid, self._background(workers=True)
            if worker is not None and self._differs(worker, cpus):
                self._placed[worker] = cpus or set()
                recognizer.confine(frozenset(cpus or self._allowed))

    def _wanted(self) -> dict[int, set[int] | None]:
        """Where each thread of this process belongs; ``None``: anywhere."""
        found = self._plan
        assert found is not None
        wanted: dict[int, set[int] | None] = {}
        for source, core in zip(self._sources, found.realtime, strict=True):
            if (thread := _dsp_thread(source)) is not None:
                wanted[thread[0]] = set(core) if found.separate else None
        for listener in self._listeners:
            if listener.thread is not None:
                wanted[listener.thread] = self._background(workers=False)
        wanted[self._conversation] = set(found.housekeeping) if found.separate else None
        return wanted

    def _background(self, *, workers: bool) -> set[int] | None:
        found = self._plan
        assert found is not None
        level = self._governor.level
        if level == "single" and workers:
            return {found.thrifty[-1]}
        if level in {"thrifty", "single"}:
            return set(found.thrifty)
        return set(found.background) if found.separate else None

    def _differs(self, thread: int, cpus: set[int] | None) -> bool:
        if cpus is None and thread not in self._placed:
            return False
        try:
            return os.sched_getaffinity(thread) != (cpus or self._allowed)
        except OSError:  # it has just ended
            return False

    def _put(self, thread: int, cpus: set[int] | None) -> None:
        if not self._differs(thread, cpus):
            return
        try:
            pin(cpus or self._allowed, thread)
        except ProcessLookupError:
            return
        except (OSError, ValueError) as error:
            # Told once, not tried again each second; other CPUs allowed are a new chance.
            self._refused = True
            self._tell("info", "engine.placement", f"threads are not placed: {_text(error)}")
            return
        self._placed[thread] = cpus or set()

    def _release(self, thread: int) -> None:
        if thread in self._placed:
            try:
                pin(self._allowed, thread)
            except (OSError, ValueError):
                return

    # ---- Priority

    def _prioritize(self) -> None:
        for source in self._sources:
            found = _dsp_thread(source)
            if found is None or found[0] in self._asked:
                continue
            thread, granted = found
            self._asked.add(thread)
            if granted != "realtime":
                rtkit.promote(thread, PRIORITY)
        if (overruns := _native.realtime_overruns()) > self._overruns:
            self._overruns = overruns
            self._tell(
                "warning",
                "engine.overrun",
                "a real-time thread computed for longer than it may; it goes on without real-time "
                "priority",
            )


def _dsp_thread(source: Source) -> tuple[int, str] | None:
    try:
        return source.engine.dsp_thread()
    except ValueError:  # closed: the session is ending
        return None


def _text(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
