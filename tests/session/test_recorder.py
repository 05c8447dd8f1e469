"""``journal.record_audio``, from outside."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from tests.journal.test_recordings import play
from tests.program import Program, error_lines

from voicestand import Engine
from voicestand.session.inbox import Alert
from voicestand.session.recorder import Recorder

if TYPE_CHECKING:
    from voicestand.audio.source import Source

SECONDS = 4


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A tone on the left, twice as loud a one on the right."""
    time = np.arange(SECONDS * 48_000) / 48_000
    tones = np.stack([0.2 * np.sin(2 * np.pi * 440 * time), 0.4 * np.sin(2 * np.pi * 660 * time)])
    path = tmp_path / "call.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes((tones.T * 32767).astype("<i2").tobytes())
    return path


def test_each_channel_is_recorded_whole_and_deleted_with_the_session(
    tmp_path: Path, recording: Path
) -> None:
    program = Program.at(tmp_path)
    env = {"VOICESTAND_JOURNAL__RECORD_AUDIO": "true"}
    done = program("run", "--input", recording, "--pace", "max", "--events", "-", env=env)
    assert (done.returncode, error_lines(done.stderr)) == (0, [])
    ended = json.loads(done.stdout.splitlines()[-1])
    assert ended["frames_lost"] == 0
    folder = program.data / "audio" / ended["session"]
    for role, loud in (("self", 0.2), ("other", 0.4)):
        heard = play(folder / f"{role}.flac")
        assert heard.size == SECONDS * 16_000
        steady = heard[8_000:-8_000]
        assert np.sqrt(np.mean(steady**2)) == pytest.approx(loud / np.sqrt(2), rel=0.05)
    assert program("sessions", "delete", ended["session"], "--yes").returncode == 0
    assert not folder.exists()


def test_nothing_is_recorded_unasked(tmp_path: Path, recording: Path) -> None:
    program = Program.at(tmp_path)
    assert program("run", "--input", recording, "--pace", "max").returncode == 0
    assert not (program.data / "audio").exists()


def test_session_goes_on_where_its_audio_cannot_be_recorded(
    tmp_path: Path, recording: Path
) -> None:
    program = Program.at(tmp_path)
    program.data.mkdir(parents=True)
    (program.data / "audio").write_text("in the way")
    env = {"VOICESTAND_JOURNAL__RECORD_AUDIO": "true"}
    done = program("run", "--input", recording, "--pace", "max", "--events", "-", env=env)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [event["code"] for event in events if event["type"] == "engine.alert"].count(
        "audio.not_recorded"
    ) == 1
    assert events[-1]["type"] == "session.ended"


def test_file_does_not_wait_for_a_recorder_that_gave_up(tmp_path: Path) -> None:
    engine = Engine(sample_rate=16_000, channels=1, roles=[[0]])
    told: list[Alert] = []
    source = cast("Source", SimpleNamespace(engine=engine, roles=("self",)))
    recorder = Recorder(source, tmp_path / "absent", told.append)
    recorder.start()
    recorder.join()
    engine.push(np.zeros((60 * 16_000, 1), np.float32), wait=True)
    assert [alert.code for alert in told] == ["audio.not_recorded"]
