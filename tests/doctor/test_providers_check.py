"""``doctor`` and recognizers elsewhere: looked at only where they are chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicestand.doctor.providers import language_models, providers


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "voicestand" / "providers.toml"
    path.parent.mkdir()
    path.write_text('[[provider]]\nname = "one"\nmodel = "m"\nurl = "https://one.example/v1"\n')
    return path


def test_providers_are_looked_at_only_where_they_are_chosen(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (check,) = providers()
    assert (check.status, "stays on this machine" in check.message) == ("ok", True)
    monkeypatch.setenv("VOICESTAND_SPEECH__ENGINE", "openai")
    (check,) = providers()
    assert (check.status, check.fix) == ("ok", "")
    assert "one (one.example)" in check.message


def test_what_would_keep_a_session_from_beginning_is_an_error_with_a_fix(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICESTAND_SPEECH__ENGINE", "openai")
    file.unlink()
    (check,) = providers()
    assert check.status == "error"
    assert f"no providers file {file}" in check.message
    assert check.fix


def test_who_is_sent_words_is_told_and_what_would_keep_a_session_from_beginning_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (check,) = language_models()
    assert (check.status, "stay on this machine" in check.message) == ("ok", True)
    file = tmp_path / "models.toml"
    monkeypatch.setenv("VOICESTAND_COACH__MODELS", str(file))
    (check,) = language_models()
    assert (check.status, bool(check.fix)) == ("error", True)
    assert f"no models file {file}" in check.message
    file.write_text('[[model]]\nname = "a"\nmodel = "m"\nurl = "https://one.example/v1"\n')
    (check,) = language_models()
    assert (check.status, check.fix) == ("ok", "")
    assert "a (one.example)" in check.message
    monkeypatch.setattr("voicestand.coach.generation.settings.PACKAGES", ("no_such_package",))
    (check,) = language_models()
    assert check.status == "error"
    assert "pip install 'voicestand[openai]'" in check.message
