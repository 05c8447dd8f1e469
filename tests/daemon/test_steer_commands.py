"""What the commands that steer a run say."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from voicestand.cli import steer
from voicestand.daemon.control import Server
from voicestand.daemon.protocol import Reply, Request, Status

RUN = Status(
    state="listening",
    pid=7,
    daemon=True,
    session="0193-first",
    seconds=61.5,
    utterances=1,
    frames_lost=2,
    xruns=3,
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One that says the same whatever it is asked, and ends when it is told to."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = tmp_path / "voicestand"
    folder.mkdir(mode=0o700)
    stop = threading.Event()

    def answer(request: Request) -> Reply:
        if request.command == "stop":
            stop.set()
        return Reply(status=RUN)

    def end() -> None:
        stop.wait()
        server.close()

    server = Server(folder, answer)
    server.start()
    ending = threading.Thread(target=end)
    ending.start()
    yield
    stop.set()
    ending.join()


@pytest.mark.usefixtures("run")
def test_status_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    steer.status()
    assert capsys.readouterr().out == (
        "listening (process 7): session 0193-first, 1:01, 1 utterance, 2 frames lost, 3 xruns\n"
    )


@pytest.mark.usefixtures("run")
def test_stop_returns_at_the_end_and_names_the_session(capsys: pytest.CaptureFixture[str]) -> None:
    steer.stop()
    assert capsys.readouterr().out == "ended (process 7): voicestand sessions show 0193-first\n"
