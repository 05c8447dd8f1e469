"""rtkit over real D-Bus: a bus of the test's own, and a stand-in for the service."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from voicestand import _native

pytestmark = [
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="needs dbus-daemon"),
    pytest.mark.skipif(
        _native.realtime_permission() != "realtime",
        reason="the stand-in itself may grant no real-time priority here",
    ),
]

STAND_IN = Path(__file__).with_name("stand_in_rtkit.py")

CONFIGURATION = """<busconfig>
<type>system</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow receive_sender="*"/></policy></busconfig>"""

UNPRIVILEGED = """
import os, resource, json, threading, time
resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
resource.setrlimit(resource.RLIMIT_NICE, (0, 0))
from voicestand import _native, cpu
def policy(thread=0):
    return os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK
def limit():
    return resource.getrlimit(resource.RLIMIT_RTTIME)
"""

_PR_CAPBSET_DROP, _CAP_SYS_NICE = 24, 23


def _without_privileges() -> None:
    """Even root's processes may then not raise a priority. Without effect for who is not root."""
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_SYS_NICE, 0, 0, 0)


Ask = Callable[[str], Any]


@contextmanager
def bus() -> Iterator[str]:
    """The address of a bus that every user may use."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        configuration = folder / "bus.conf"
        configuration.write_text(CONFIGURATION.format(folder=folder))
        command = ["dbus-daemon", f"--config-file={configuration}", "--nofork", "--print-address"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as daemon:
            try:
                assert daemon.stdout is not None
                yield daemon.stdout.readline().strip()
            finally:
                daemon.kill()


@contextmanager
def dead_bus() -> Iterator[str]:
    """The address of something that takes connections and never says a word."""
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX) as listener:
        Path(name).chmod(0o755)
        listener.bind(f"{name}/bus")
        Path(f"{name}/bus").chmod(0o777)
        listener.listen()
        yield f"unix:path={name}/bus"


@contextmanager
def stand_in(address: str, mode: str) -> Iterator[None]:
    command = [sys.executable, str(STAND_IN), mode]
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as service:
        try:
            assert service.stdout is not None
            assert service.stdout.readline() == "ready\n"
            yield
        finally:
            service.kill()


@pytest.fixture
def unprivileged(request: pytest.FixtureRequest) -> Iterator[Ask]:
    """Runs Python without privileges beside a stand-in rtkit; gives what it prints as JSON."""
    mode = getattr(request, "param", "grant")
    with ExitStack() as stack:
        if mode == "no bus":
            address = "unix:path=/nonexistent"
        elif mode == "dead bus":
            address = stack.enter_context(dead_bus())
        else:
            address = stack.enter_context(bus())
            if mode != "no service":
                stack.enter_context(stand_in(address, mode))

        def ask(program: str) -> Any:
            done = subprocess.run(
                [sys.executable, "-c", UNPRIVILEGED + program],
                env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address},
                preexec_fn=_without_privileges,
                stdout=subprocess.PIPE,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0
            return json.loads(done.stdout)

        yield ask


def test_a_thread_is_made_a_real_time_one_by_a_stand_in_rtkit(unprivileged: Ask) -> None:
    granted, policy, priority, limit = unprivileged(
        "print(json.dumps([cpu.promote(15), policy(), os.sched_getparam(0).sched_priority,"
        "limit()]))"
    )
    assert (granted, policy, priority) == ("rtkit", os.SCHED_RR, 15)
    assert limit == [100_000, 200_000]


def test_more_priority_than_the_stand_in_rtkit_grants_is_not_asked_for(unprivileged: Ask) -> None:
    assert unprivileged(
        "print(json.dumps([cpu.promote(90), os.sched_getparam(0).sched_priority]))"
    ) == ["rtkit", 20]


@pytest.mark.parametrize(
    "unprivileged",
    ["refuse", "agree", "silent", "strange", "no service", "no bus", "dead bus"],
    indirect=True,
)
def test_a_stand_in_rtkit_that_does_not_grant_is_told_as_none(unprivileged: Ask) -> None:
    assert unprivileged("print(json.dumps([cpu.promote(), policy()]))") == ["none", 0]


def test_the_limit_is_not_set_where_no_rtkit_answers(unprivileged: Ask) -> None:
    program = (
        "os.environ['DBUS_SYSTEM_BUS_ADDRESS'] = 'unix:path=/nonexistent'\n"
        "print(json.dumps([cpu.promote(), limit()]))"
    )
    assert unprivileged(program) == ["none", [-1, -1]]


def test_a_thread_that_computes_too_long_lives_on_as_an_ordinary_one(unprivileged: Ask) -> None:
    program = """
granted = cpu.promote()
end = time.monotonic() + 20
while policy() == os.SCHED_RR and time.monotonic() < end:
    pass
print(json.dumps([granted, policy(), _native.realtime_overruns(), limit()]))
"""
    assert unprivileged(program) == ["rtkit", 0, 1, [100_000, 200_000]]


def test_the_dsp_thread_is_promoted_by_housekeeping_and_the_audio_is_whole(
    unprivileged: Ask,
) -> None:
    program = """
from types import SimpleNamespace
import numpy as np
from voicestand.session.housekeeping import Housekeeper
engine = _native.Engine(sample_rate=16000, channels=1, roles=[[0]])
reader = engine.speech_reader()
alerts = []
housekeeper = Housekeeper(
    sources=[SimpleNamespace(engine=engine)], listeners=[], recognizers=[],
    conversation=threading.get_native_id(), tell=lambda *alert: alerts.append(alert),
)
while (thread := engine.dsp_thread()) is None:
    time.sleep(0.01)
before = policy(thread[0])
housekeeper.start()
end = time.monotonic() + 20
while policy(thread[0]) != os.SCHED_RR and time.monotonic() < end:
    time.sleep(0.01)
granted = policy(thread[0])
engine.push(np.ones((16000, 1), np.float32), wait=True)
engine.finish()
while reader.read(10) is not None:
    pass
housekeeper.close()
print(json.dumps([thread[1], before, granted, reader.delivered, reader.lost, alerts]))
"""
    assert unprivileged(program) == ["none", 0, os.SCHED_RR, 16000, 0, []]


def test_doctor_tells_what_the_stand_in_rtkit_grants(unprivileged: Ask) -> None:
    program = """
from voicestand.doctor import scheduling
print(json.dumps([[check.status, check.message] for check in scheduling.realtime_priority()]))
"""
    assert unprivileged(program) == [["ok", "granted by rtkit"]]
