"""What a session hears of an accelerator that works, hangs, dies or lies.

There is no NPU here: the CPU stands in for it, in the same process of its own.
"""

from __future__ import annotations

import os
import queue
import re
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.program import is_alive, wait_until
from tests.vad.speech import spoken, windows

from voicestand.errors import EngineUnavailableError
from voicestand.vad import detector as detector_module
from voicestand.vad import devices
from voicestand.vad.accelerator import Accelerator
from voicestand.vad.accelerator_process import ANSWER, Started
from voicestand.vad.detector import Detector
from voicestand.vad.silero import SileroVad

PATIENCE = 60.0


class Told:
    """What an accelerator told."""

    def __init__(self) -> None:
        self.ready: queue.SimpleQueue[Started] = queue.SimpleQueue()
        self.lost: queue.SimpleQueue[str] = queue.SimpleQueue()


@pytest.fixture(scope="module")
def cpu() -> SileroVad:
    return SileroVad("CPU")


@pytest.fixture(scope="module")
def expected(cpu: SileroVad) -> NDArray[np.float32]:
    stream = cpu.stream()
    return np.array([stream(window) for window in windows(spoken())], np.float32)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def stand_in(told: Told) -> Iterator[Accelerator]:
    """The CPU in a process of its own."""
    one = Accelerator("CPU", told.ready.put, told.lost.put)
    yield one
    one.close()


def heard(cpu: SileroVad, one: Accelerator, disturb: dict[int, int]) -> NDArray[np.float32]:
    """The probabilities of ``spoken``, with signals sent to the process before some windows."""
    stream = cpu.stream(one.compute)
    found = []
    for index, window in enumerate(windows(spoken())):
        if index in disturb:
            os.kill(one.pid, disturb[index])
            if disturb[index] == signal.SIGKILL:
                wait_until(lambda: not is_alive(one.pid))
        found.append(stream(window))
    return np.array(found, np.float32)


def test_a_cpu_standing_in_for_an_npu_computes_the_same(
    cpu: SileroVad, expected: NDArray[np.float32], stand_in: Accelerator, told: Told
) -> None:
    assert stand_in.wait() is None
    assert told.ready.get(timeout=PATIENCE).device == "CPU"
    np.testing.assert_array_equal(heard(cpu, stand_in, {}), expected)
    assert stand_in.computes
    assert told.lost.empty()


@pytest.mark.parametrize(
    ("blow", "reason"),
    [(signal.SIGKILL, "ended"), (signal.SIGSTOP, r"said nothing for 0\.25 s")],
)
def test_no_window_is_lost_with_a_stand_in_that_dies_or_hangs(
    cpu: SileroVad,
    expected: NDArray[np.float32],
    stand_in: Accelerator,
    told: Told,
    blow: int,
    reason: str,
) -> None:
    assert stand_in.wait() is None
    np.testing.assert_array_equal(heard(cpu, stand_in, {len(expected) // 2: blow}), expected)
    assert not stand_in.computes
    text = told.lost.get_nowait()
    assert re.search(reason, text)
    assert told.lost.empty()  # told once, and not tried again
    wait_until(lambda: not is_alive(stand_in.pid))


def test_two_channels_in_two_threads_share_a_stand_in(
    cpu: SileroVad, expected: NDArray[np.float32], stand_in: Accelerator, told: Told
) -> None:
    assert stand_in.wait() is None
    found: list[NDArray[np.float32]] = []
    threads = [
        threading.Thread(target=lambda: found.append(heard(cpu, stand_in, {}))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(found) == 2
    for one in found:
        np.testing.assert_array_equal(one, expected)
    assert told.lost.empty()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"x",
        bytes(ANSWER - 1),
        bytes(ANSWER + 1),
        np.full(ANSWER // 4, 1.5, np.float32).tobytes(),
        np.full(ANSWER // 4, -1.0, np.float32).tobytes(),
    ],
    ids=["none", "a byte", "short", "long", "above one", "below zero"],
)
def test_a_lying_stand_in_is_left_and_its_answer_not_taken(
    cpu: SileroVad,
    expected: NDArray[np.float32],
    told: Told,
    answer: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    monkeypatch.setattr(socket, "socketpair", lambda *_: (ours, theirs.dup()))
    one = Accelerator("CPU", told.ready.put, told.lost.put)
    os.kill(one.pid, signal.SIGSTOP)  # the liar speaks instead
    theirs.send(b'{"device":"CPU"}')
    assert one.wait() is None

    def lie() -> None:
        theirs.recv(1 << 16)
        theirs.send(answer) if answer else theirs.shutdown(socket.SHUT_RDWR)

    liar = threading.Thread(target=lie)
    liar.start()
    np.testing.assert_array_equal(heard(cpu, one, {}), expected)
    liar.join(PATIENCE)
    assert told.lost.get_nowait()
    one.close()
    theirs.close()


def test_a_session_begins_on_the_cpu_and_moves_to_a_stand_in_when_that_is_ready(
    expected: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "accel0").touch()
    monkeypatch.setattr(devices, "ACCELERATOR_NODES", tmp_path)
    monkeypatch.setattr(
        detector_module, "Accelerator", lambda device, *tell: Accelerator("CPU", *tell)
    )
    alerts: queue.SimpleQueue[tuple[str, str, str]] = queue.SimpleQueue()
    detector = Detector("auto", lambda *alert: alerts.put(alert))
    stream = detector.stream()
    half = len(expected) // 2
    found = [stream(window) for window in windows(spoken())[:half]]
    assert alerts.get(timeout=PATIENCE)[:2] == ("info", "vad.moved")
    assert detector.device == "NPU"
    found += [stream(window) for window in windows(spoken())[half:]]
    np.testing.assert_array_equal(np.array(found, np.float32), expected)
    detector.close()
    assert detector.device == "CPU"
    assert alerts.empty()


def test_a_node_without_an_npu_behind_it_leaves_the_cpu_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "accel0").touch()
    monkeypatch.setattr(devices, "ACCELERATOR_NODES", tmp_path)
    alerts: queue.SimpleQueue[tuple[str, str, str]] = queue.SimpleQueue()
    detector = Detector("auto", lambda *alert: alerts.put(alert))
    severity, code, message = alerts.get(timeout=PATIENCE)
    assert (severity, code) == ("warning", "vad.fell-back")
    assert "no inference device 'NPU' here" in message
    assert detector.device == "CPU"
    detector.close()


def test_auto_starts_no_process_where_the_kernel_has_no_accelerator(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(devices, "ACCELERATOR_NODES", tmp_path)
    detector = Detector("auto", lambda *_: None)
    assert detector.accelerator_pid is None
    assert detector.device == "CPU"


def test_a_named_device_that_is_not_there_is_an_error_and_no_alert() -> None:
    alerts: list[object] = []
    with pytest.raises(EngineUnavailableError, match=r"'GPU\.7'.*auto, CPU"):
        Detector("GPU.7", lambda *alert: alerts.append(alert))
    assert alerts == []


def test_the_process_of_a_stand_in_ends_with_its_session(stand_in: Accelerator, told: Told) -> None:
    assert stand_in.wait() is None
    stand_in.close()
    wait_until(lambda: not is_alive(stand_in.pid))
    stand_in.close()
    assert told.lost.empty()
