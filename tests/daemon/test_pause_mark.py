"""A service that was muted is not heard again because it died."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicestand.cli.listening import Listening, listening
from voicestand.config import DaemonSettings
from voicestand.daemon.protocol import Request


@pytest.fixture(autouse=True)
def _runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def state(live: Listening) -> str:
    status = live.answer(Request("status")).status
    assert status is not None
    return status.state


def lives(*commands: str, daemon: bool = True) -> str:
    """The state in which a run begins that is then told ``commands``, and dies."""
    with listening(DaemonSettings(), daemon=daemon) as live:
        began = state(live)
        for command in commands:
            live.answer(Request(command))  # type: ignore[arg-type]
    return began


def test_a_service_that_dies_while_it_is_paused_begins_paused() -> None:
    assert lives("pause") == "starting"
    assert [lives(), lives("resume"), lives()] == ["paused", "paused", "starting"]


def test_a_service_that_is_told_to_end_forgets_its_pause() -> None:
    lives("pause", "stop")
    assert lives() == "starting"


def test_a_pause_of_a_plain_run_ends_with_it(tmp_path: Path) -> None:
    lives("pause", daemon=False)
    assert lives() == "starting"
    lives("pause")
    assert lives(daemon=False) == "starting"
    assert lives() == "paused"
