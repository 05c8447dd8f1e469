"""A service's sessions, one after another."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from tests.spoken_calls import Recording

from voicestand.audio.file import FileSource
from voicestand.cli.listening import Listening
from voicestand.config import DaemonSettings, Settings
from voicestand.session import Conversation


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nobody collects cycles but who says so."""
    gc.disable()
    yield
    gc.enable()


def test_a_session_that_has_ended_takes_no_memory(uncollected: None, silence: Recording) -> None:
    live = Listening(DaemonSettings(), daemon=False)

    def session() -> weakref.ref[Conversation]:
        source = FileSource(silence.path, Settings().audio, pace="max")
        conversation = Conversation([source], Settings(), show=lambda _: None, beat=live.beat)
        with live.holding(conversation):
            conversation.run()
        return weakref.ref(conversation)

    ended = session()
    live.forget()
    assert ended() is None
    live.close()
