"""When a service's session is over."""

from __future__ import annotations

import pytest
from tests.made_events import started

from voicestand.daemon.silence import Silence
from voicestand.events import (
    EngineAlert,
    Event,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinal,
)


def utterance(start: float, end: float, text: str = "hello") -> list[Event]:
    name = f"self-{start}"
    return [
        SpeechStarted(session="s", t=start, channel="self", utterance=name),
        SpeechEnded(
            session="s",
            t=end,
            channel="self",
            utterance=name,
            start=start,
            end=end,
            reason="silence",
        ),
        TranscriptFinal(
            session="s",
            t=end,
            channel="self",
            utterance=name,
            text=text,
            start=start,
            end=end,
            engine="e",
            latency_ms=1.0,
            engine_ms=1.0,
            recognizer_ms=1.0,
        ),
    ]


@pytest.fixture
def silence() -> Silence:
    silence = Silence(600.0)
    silence.note(started("s"))
    return silence


def hear(silence: Silence, *events: Event) -> None:
    for event in events:
        silence.note(event)


def test_a_session_is_over_when_nobody_has_spoken_for_long(silence: Silence) -> None:
    hear(silence, *utterance(10, 20))
    assert not silence.is_over(619.9)
    assert silence.is_over(620)


def test_one_in_which_nothing_was_said_goes_on(silence: Silence) -> None:
    hear(silence, *utterance(10, 20, text=""))
    assert not silence.is_over(86_400)


def test_an_utterance_without_its_final_is_waited_for(silence: Silence) -> None:
    hear(silence, *utterance(10, 20), *utterance(30, 40)[:2])
    assert not silence.is_over(9_000)


def test_who_has_just_come_back_is_given_time_to_speak(silence: Silence) -> None:
    back = EngineAlert(session="s", t=900.0, severity="info", code="engine.resumed", message="")
    hear(silence, *utterance(10, 20), back)
    assert not silence.is_over(1_499)
    assert silence.is_over(1_500)


def test_the_next_session_begins_with_nothing_said(silence: Silence) -> None:
    hear(silence, *utterance(10, 20), started("s"))
    assert not silence.is_over(9_000)


def test_zero_means_never() -> None:
    silence = Silence(0.0)
    hear(silence, started("s"), *utterance(10, 20))
    assert not silence.is_over(86_400)
