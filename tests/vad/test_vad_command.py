"""``voicestand vad``: the document and the table it prints."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import typer
from numpy.typing import NDArray
from tests.vad.speech import spoken

from voicestand.cli.vad import vad as command
from voicestand.errors import EngineUnavailableError, InputError
from voicestand.vad.silero import SileroVad

Call = Callable[..., str]


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """Runs the command on samples (channels, n), as if they had been decoded from a file."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    app = typer.Typer()
    app.command()(command)

    def run(samples: NDArray[np.float32], *options: str) -> str:
        recording = SimpleNamespace(samples=samples, duration=samples.shape[1] / 16_000)
        monkeypatch.setattr("voicestand.audio.load", lambda *_: recording, raising=False)
        app(["call.wav", *options], standalone_mode=False)
        return capsys.readouterr().out

    return run


def test_json_has_the_sample_rate_and_the_segments(call: Call) -> None:
    document = json.loads(call(spoken()[np.newaxis], "--json"))
    assert document.keys() == {"sample_rate", "segments"}
    assert document["sample_rate"] == 16_000
    for one in document["segments"]:
        assert one.keys() == {"start", "end"}
        assert 0 <= one["start"] < one["end"] <= len(spoken()) / 16_000


def test_frames_adds_the_probability_of_every_window(call: Call) -> None:
    document = json.loads(call(spoken()[np.newaxis], "--json", "--frames"))
    assert document["hop"] == 512
    expected = SileroVad("CPU").probabilities(spoken())
    np.testing.assert_allclose(document["probabilities"], expected, atol=1e-5)


def test_live_tells_when_the_end_of_each_utterance_was_known(call: Call) -> None:
    document = json.loads(call(spoken()[np.newaxis], "--json", "--live"))
    assert document.keys() == {"sample_rate", "segments", "utterances"}
    assert document["utterances"]
    for one in document["utterances"]:
        assert 0 <= one["start"] < one["end"] < one["told"] <= len(spoken()) / 16_000
        assert any(one["start"] - 0.02 <= s["start"] <= one["end"] for s in document["segments"])


def test_the_live_table_has_the_utterances_too(call: Call) -> None:
    printed = call(spoken()[np.newaxis], "--live")
    found = json.loads(call(spoken()[np.newaxis], "--live", "--json"))
    assert len(printed.splitlines()) == 4 + len(found["segments"]) + len(found["utterances"])


def test_channels_are_mixed(call: Call) -> None:
    both = np.stack([spoken(), np.zeros_like(spoken())])
    mixed = call(both, "--json", "--frames")
    assert mixed == call(spoken()[np.newaxis] / np.float32(2), "--json", "--frames")


def test_the_table_has_a_line_per_segment_and_the_sum(call: Call) -> None:
    segments = json.loads(call(spoken()[np.newaxis], "--json"))["segments"]
    lines = call(spoken()[np.newaxis]).splitlines()
    assert [float(line.split()[0]) for line in lines[1:-1]] == [one["start"] for one in segments]
    spoke = sum(one["end"] - one["start"] for one in segments)
    assert float(lines[-1].split()[0]) == pytest.approx(spoke, abs=0.01)


@pytest.mark.parametrize("length", [0, 1])
def test_next_to_no_audio_has_no_speech(call: Call, length: int) -> None:
    nothing = np.zeros((1, length), np.float32)
    assert json.loads(call(nothing, "--json")) == {"sample_rate": 16_000, "segments": []}
    assert "0.000 s of speech" in call(nothing)


def test_an_absent_device_is_an_error(call: Call) -> None:
    with pytest.raises(EngineUnavailableError, match="GPU"):
        call(spoken()[np.newaxis], "--device", "GPU")


def test_a_misspelt_device_is_an_error(call: Call) -> None:
    with pytest.raises(InputError, match="NPV"):
        call(spoken()[np.newaxis], "--device", "NPV")
