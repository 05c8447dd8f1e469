"""``transcribe`` where the recognizer fails: the rest is written, and the exit code says so."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from voicestand.cli.transcribe import transcribe
from voicestand.demo import recording
from voicestand.errors import EngineUnavailableError, VoicestandError
from voicestand.events import Event, Failure, TranscriptFinal

ended: list[str] = []
"""Names of the files whose transcription was ended before its end."""


def final(number: int, text: str, failed: Failure | None = None) -> TranscriptFinal:
    return TranscriptFinal(
        session="s",
        t=float(number),
        channel="self",
        utterance=f"self-{number}",
        text=text,
        start=float(number),
        end=number + 1.0,
        engine="e",
        latency_ms=0.0,
        engine_ms=0.0,
        recognizer_ms=0.0,
        failed=failed,
    )


def heard(monkeypatch: pytest.MonkeyPatch, *finals: TranscriptFinal) -> None:
    """Every file has these utterances."""

    def transcribe_file(path: Path, *_: Any, **__: Any) -> Generator[Event, None, None]:
        try:
            yield from finals
        except GeneratorExit:
            ended.append(path.name)
            raise

    monkeypatch.setattr("voicestand.session.transcription.transcribe_file", transcribe_file)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended.clear()
    for name in ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME"):
        monkeypatch.setenv(f"XDG_{name}", str(tmp_path / name))


def test_utterances_without_words_are_counted_behind_what_was_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    heard(monkeypatch, final(1, "good morning"), final(2, "", "gave-up"), final(3, "good bye"))
    with pytest.raises(VoicestandError, match=r"1 of 3 utterances of .*see above") as failed:
        transcribe([recording()], output=tmp_path / "out")
    assert failed.value.exit_code == 1
    (written,) = (tmp_path / "out").iterdir()
    assert "good morning" in written.read_text()
    assert "good bye" in written.read_text()


def test_without_any_recognizer_nothing_is_written_and_no_more_is_heard(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    heard(monkeypatch, final(1, "", "unavailable"), final(2, "", "unavailable"))
    with pytest.raises(EngineUnavailableError, match="no recognizer starts") as failed:
        transcribe([recording()], output=tmp_path / "out")
    assert failed.traceback  # which keeps alive what nobody closed
    assert list((tmp_path / "out").iterdir()) == []
    assert ended == [recording().name]


def test_where_all_was_heard_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    heard(monkeypatch, final(1, "good morning"), final(2, ""))
    transcribe([recording()])
    assert "good morning" in capsys.readouterr().out
