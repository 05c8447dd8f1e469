"""``doctor`` and the recognizer that the settings mean: would a session begin with it?"""

from __future__ import annotations

from pathlib import Path

import pytest

from voicestand.doctor.choice import chosen


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{folder}_HOME", str(tmp_path / folder))


def test_the_recognizer_that_is_used_is_named() -> None:
    (check,) = chosen()
    assert (check.status, check.message) == ("ok", "pocketsphinx (speech.engine = auto)")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("ENGINE", "whispr", "no recognizer 'whispr'"),
        ("ENGINE", "sherpa-onnx", "voicestand models pull zipformer-en"),
        ("MODEL", "/no/such/folder", "there is no folder /no/such/folder"),
        ("VOCABULARY", "/no/such/file", "cannot read /no/such/file"),
    ],
)
def test_one_that_is_not_there_is_an_error_with_a_fix(
    monkeypatch: pytest.MonkeyPatch, key: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"VOICESTAND_SPEECH__{key}", value)
    (check,) = chosen()
    assert check.status == "error"
    assert says in check.message
    assert check.fix


def test_terms_that_are_not_used_are_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "terms"
    path.write_text("4711\n")
    monkeypatch.setenv("VOICESTAND_SPEECH__VOCABULARY", str(path))
    (check,) = chosen()
    assert check.status == "warning"
    assert "(4711)" in check.message
    path.write_text("Zalando\n")
    (check,) = chosen()
    assert check.status == "ok"
    assert str(path) in check.message


def test_providers_elsewhere_are_left_to_their_own_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICESTAND_SPEECH__ENGINE", "openai")
    assert chosen() == []
