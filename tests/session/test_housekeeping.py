"""A live session on machines the tests make up: who runs where, and what heat changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.cpu import seccomp
from tests.cpu.machines import heat, machine
from tests.program import wait_until
from tests.spoken_calls import Recording

from voicestand import _native
from voicestand.audio.file import FileSource
from voicestand.config import AudioSettings, Settings
from voicestand.events import EngineAlert, Event, SessionEnded, TranscriptFinal
from voicestand.session import housekeeping
from voicestand.session.conversation import Conversation

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 60.0

CPUS = sorted(os.sched_getaffinity(0))
two_cpus = pytest.mark.skipif(len(CPUS) < 2, reason="one CPU cannot be shared out")


class LiveFile(FileSource):
    """A recording that a session takes for a device: it comes at its own pace."""

    live = True


class Call:
    """A session in a thread of its own, and what it told."""

    def __init__(self, recording: Path, sysroot: Path) -> None:
        self.events: list[Event] = []
        self.source = LiveFile(recording, AudioSettings())
        self.conversation = Conversation(
            [self.source], Settings(), show=self.events.append, sysroot=sysroot
        )
        self.thread = threading.Thread(target=self.conversation.run)

    @property
    def alerts(self) -> list[EngineAlert]:
        found = [event for event in self.events if isinstance(event, EngineAlert)]
        return [alert for alert in found if alert.code.startswith("engine.")]

    @property
    def levels(self) -> list[str]:
        found = [alert for alert in self.alerts if alert.code == "engine.thermal"]
        return [alert.message.partition("level ")[2].partition(":")[0] for alert in found]

    def dsp(self) -> int:
        found = self.source.engine.dsp_thread()
        assert found is not None
        return found[0]

    def worker(self) -> int | None:
        return next(iter(self.conversation._recognizers.values())).worker_pid

    def places(self) -> tuple[set[int], set[int], set[int], set[int]]:
        """Where the DSP thread, the listener, the conversation and the worker may run."""
        listener, worker = self.conversation._listeners[0].thread, self.worker()
        assert listener is not None
        assert worker is not None
        threads = (self.dsp(), listener, self.thread.native_id or 0, worker)
        dsp, ear, talk, hears = (os.sched_getaffinity(thread) for thread in threads)
        return dsp, ear, talk, hears

    def check_books(self) -> SessionEnded:
        self.thread.join(PATIENCE)
        ended = self.events[-1]
        assert isinstance(ended, SessionEnded)
        assert ended.frames_lost == 0
        assert ended.frames_captured == ended.frames_delivered
        return ended


@contextmanager
def running(recording: Path, sysroot: Path) -> Iterator[Call]:
    call = Call(recording, sysroot)
    call.thread.start()
    try:
        wait_until(lambda: call.conversation._housekeeper is not None)
        yield call
    finally:
        call.conversation.stop()
        call.thread.join(PATIENCE)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "INTERVAL", 0.05)


@pytest.fixture
def hybrid(tmp_path: Path) -> Path:
    """One performance core and one efficiency core: the first and last CPU of this process."""
    return machine(tmp_path / "hybrid", performance=CPUS[:1], efficiency=CPUS[-1:])


@two_cpus
def test_threads_of_a_live_session_run_where_the_plan_says(
    monologue: Recording, hybrid: Path
) -> None:
    with running(monologue.path, hybrid) as call:
        fast, slow = {CPUS[0]}, {CPUS[-1]}
        wait_until(lambda: call.places() == (fast, slow, slow, slow))
        # What a cgroup does when it changes: every mask is reset.
        for thread in (call.dsp(), call.worker() or 0):
            os.sched_setaffinity(thread, CPUS)
        wait_until(lambda: call.places() == (fast, slow, slow, slow))
        # A worker that replaces another runs where that one did.
        killed = call.worker() or 0
        os.kill(killed, 9)
        wait_until(lambda: call.worker() not in {None, killed})
        wait_until(lambda: call.places() == (fast, slow, slow, slow))
        assert call.alerts == []


@two_cpus
def test_a_process_that_is_moved_to_other_cpus_is_planned_anew(
    monologue: Recording, hybrid: Path
) -> None:
    with running(monologue.path, hybrid) as call:
        housekeeper = call.conversation._housekeeper
        assert housekeeper is not None
        wait_until(lambda: call.places()[0] == {CPUS[0]})
        witness = housekeeper._thread.native_id or 0
        os.sched_setaffinity(witness, {CPUS[-1]})
        wait_until(lambda: call.places() == ({CPUS[-1]},) * 4)
        wait_until(lambda: call.alerts)  # told by the conversation's thread, when it comes to it
        assert [alert.code for alert in call.alerts] == ["engine.placement"]
        assert "not kept apart" in call.alerts[0].message
        os.sched_setaffinity(witness, CPUS)
        wait_until(lambda: call.places()[0] == {CPUS[0]} and call.places()[3] == {CPUS[-1]})


def test_where_too_few_cores_are_there_nobody_is_pinned(
    monologue: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[None] = []
    place = housekeeping.Housekeeper._place
    monkeypatch.setattr(housekeeping.Housekeeper, "_place", lambda self: looks.append(place(self)))
    root = machine(tmp_path / "uniform", performance=CPUS[:2])
    with running(monologue.path, root) as call:
        wait_until(lambda: len(looks) >= 10)
        assert call.places() == (set(CPUS),) * 4
        assert call.alerts == []


def test_the_thread_that_ran_a_session_may_run_anywhere_afterwards(
    silence: Recording, hybrid: Path
) -> None:
    seen: list[set[int]] = []

    def run() -> None:
        Conversation(
            [LiveFile(silence.path, AudioSettings())],
            Settings(),
            show=lambda _: None,
            sysroot=hybrid,
        ).run()
        seen.append(os.sched_getaffinity(0))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)
    assert seen == [set(CPUS)]


@two_cpus
def test_heat_steps_background_work_down_and_up_and_no_frame_is_lost(
    monologue: Recording, hybrid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A minute a second: the governor dwells for up to a minute, the recording lasts 13 s.
    real = _native.ThermalGovernor

    class Hurried:
        def __init__(self, limit: float) -> None:
            self._real = real(limit)
            self._readings = 0

        @property
        def level(self) -> str:
            return self._real.level

        def observe(self, _now: float, celsius: float | None) -> str | None:
            self._readings += 1
            return self._real.observe(float(self._readings), celsius)

    monkeypatch.setattr(_native, "ThermalGovernor", Hurried)
    monkeypatch.setattr(housekeeping, "INTERVAL", 1 / 60)
    heat(hybrid, 60.0)
    with running(monologue.path, hybrid) as call:
        heat(hybrid, 95.0)
        wait_until(lambda: call.levels == ["batched", "thrifty", "single"])
        wait_until(lambda: call.places()[1:] == ({CPUS[-1]},) * 3)
        dsp = os.sched_getaffinity(call.dsp()), os.sched_getscheduler(call.dsp())
        heat(hybrid, 55.0)
        wait_until(lambda: call.levels[3:] == ["thrifty", "batched", "full"])
        after = os.sched_getaffinity(call.dsp()), os.sched_getscheduler(call.dsp())
        assert dsp == after, "the audio thread was touched"
        ended = call.check_books()
    assert all(alert.severity == "info" for alert in call.alerts)
    assert ended.frames_captured == monologue.frames
    finals = [event for event in call.events if isinstance(event, TranscriptFinal)]
    assert len(finals) == ended.utterances == len(monologue.lines)
    assert all(final.text for final in finals)


def test_trouble_in_housekeeping_is_told_and_the_session_goes_on(
    silence: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(housekeeping, "plan", fail)
    call = Call(silence.path, machine(tmp_path, performance=CPUS))
    call.thread.start()
    call.check_books()
    assert [alert.code for alert in call.alerts] == ["engine.housekeeping"]
    assert "a mistake of ours" in call.alerts[0].message


@two_cpus
@pytest.mark.skipif(not seccomp.AVAILABLE, reason="the filter is written for x86-64")
def test_where_nothing_may_be_set_a_session_runs_and_says_so_once(
    silence: Recording, hybrid: Path
) -> None:
    program = f"""
import json
from pathlib import Path
from tests.cpu import seccomp
from tests.session.test_housekeeping import Call
seccomp.refuse("sched_setaffinity", "sched_setscheduler", "setpriority")
call = Call(Path({str(silence.path)!r}), Path({str(hybrid)!r}))
call.thread.start()
ended = call.check_books()
print(json.dumps([ended.frames_captured, [alert.message for alert in call.alerts]]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"},
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    frames, messages = _decoded(done.stdout)
    assert frames == silence.frames
    assert len(messages) == 1
    assert messages[0].startswith("threads are not placed: ")


def _decoded(text: str) -> Any:
    return json.loads(text)
