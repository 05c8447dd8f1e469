"""Which recognizers there are, and what is said about the embedded one."""

from __future__ import annotations

import pytest

from voicestand.errors import EngineUnavailableError
from voicestand.speech.registry import embedded_notice, engines, resolve


def test_auto_is_the_best_engine_that_is_there() -> None:
    assert resolve("auto").name == engines()[0]


def test_an_unknown_engine_is_refused_naming_those_that_exist() -> None:
    with pytest.raises(EngineUnavailableError, match=r"'whispr'.*pocketsphinx.*speech\.engine"):
        resolve("whispr")


def test_without_any_engine_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicestand.speech.registry.find_spec", lambda _: None)
    with pytest.raises(EngineUnavailableError, match="none is installed"):
        resolve("auto")


def test_the_embedded_engine_is_announced_only_where_nobody_asked_for_it() -> None:
    notice = embedded_notice("auto")
    assert notice is not None
    assert "pocketsphinx" in notice
    assert embedded_notice("pocketsphinx") is None
