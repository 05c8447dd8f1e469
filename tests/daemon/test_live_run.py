"""What is asked of a run reaches the session that there is, and the next one."""

from __future__ import annotations

from typing import Any

import pytest

from voicestand.daemon.live_run import LiveRun


class Recorder:
    """Stands for a conversation or a device: writes down what is called."""

    away = False

    def __init__(self) -> None:
        self.calls: list[str] = []

    def tell(self, severity: str, code: str, message: str) -> None:
        self.calls.append(code)

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")

    def stop(self) -> None:
        self.calls.append("stop")


@pytest.fixture
def run() -> LiveRun:
    return LiveRun(daemon=True)


def hold(run: LiveRun, conversation: Recorder, *devices: Recorder) -> Any:
    return run.holding(conversation, devices)  # type: ignore[arg-type]


def test_every_device_is_paused_and_resumed_once_and_it_is_told(run: LiveRun) -> None:
    conversation, near, far = Recorder(), Recorder(), Recorder()
    with hold(run, conversation, near, far):
        for _ in range(2):
            run.pause()
        assert run.state() == "paused"
        for _ in range(2):
            run.resume()
    assert near.calls == far.calls == ["pause", "resume"]
    assert conversation.calls == ["engine.paused", "engine.resumed"]


def test_a_pause_between_two_sessions_holds_for_the_next(run: LiveRun) -> None:
    run.pause()
    conversation, device = Recorder(), Recorder()
    with hold(run, conversation, device):
        assert device.calls == ["pause"]
        assert run.status().state == "paused"
    assert conversation.calls == ["engine.paused"]


def test_who_is_told_to_stop_between_two_sessions_ends_the_next(run: LiveRun) -> None:
    run.stop()
    conversation = Recorder()
    with hold(run, conversation):
        assert conversation.calls == ["stop"]
    assert run.state() == "ending"


def test_before_a_session_there_is_a_state_and_nothing_else(run: LiveRun) -> None:
    status = run.status()
    assert (status.state, status.session, status.daemon) == ("starting", None, True)
