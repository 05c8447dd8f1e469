"""A device that goes away is waited for; when it is back, every later time is still true."""

from __future__ import annotations

import re
import signal
import time
from typing import TYPE_CHECKING

import pytest
from tests.program import error_lines, of_kind
from tests.real.conftest import running_jack
from tests.real.ear import listening_to
from tests.real.stalls import holds_unless_the_machine_stood_still
from tests.real.test_run_device import check_books, listening, with_words
from tests.spoken_calls import Recording

from voicestand.events import EngineAlert, SpeechStarted, TranscriptFinal, TranscriptPartial

if TYPE_CHECKING:
    from tests.real.conftest import AudioServer

pytestmark = pytest.mark.real

BACK_WITHIN = 2.0
"""Seconds from when the server has audio again for anybody."""
TRUE_WITHIN = 0.1
"""Seconds."""
BEGINS_WITHIN = 3.0
"""Seconds from the opening of a device to its first audio; a PulseAudio null sink takes two."""
AWAY = 2.0
PROMPTLY = 10.0
"""Seconds."""


def check_gap(server: AudioServer, sentence: Recording) -> None:
    """The server dies while somebody listens, and comes back: nothing is lost but the time."""

    def trouble() -> str | None:
        late, error = gap(server, sentence)
        if late < BACK_WITHIN and error < TRUE_WITHIN:
            return None
        return f"audio {late:.2f} s after the server's, {error:.3f} s from the truth"

    holds_unless_the_machine_stood_still(trouble)


def gap(server: AudioServer, sentence: Recording) -> tuple[float, float]:
    """Seconds from the server's audio to ours, and by which times are untrue."""
    with listening(server, "--device", server.device) as (program, running):
        spoken: list[float] = []
        told: list[float] = []

        def say() -> None:
            finals = len(with_words(running))
            with listening_to(server, sentence.path) as ear:
                ear.began()
                asked = time.monotonic()
                server.play(sentence.path)
                running.first(TranscriptFinal, lambda _: len(with_words(running)) > finals)
                spoken.append(ear.heard(asked))
            told.append(of_kind(list(running.events), SpeechStarted)[-1].t)

        say()
        server.die()
        lost = running.first(EngineAlert, lambda alert: alert.code == "audio.device_lost")
        assert (lost.severity, lost.channel) == ("warning", "self")
        time.sleep(AWAY)
        server.come_back()
        with listening_to(server, sentence.path) as ear:
            back = running.first(EngineAlert, lambda alert: alert.code == "audio.device_back")
            late = time.monotonic() - ear.began()
        say()
        say()
        running.send(signal.SIGINT)
        assert running.end() == 130
        assert error_lines(running.stderr) == []
        ended = check_books(program, running)
        missing = ended.frames_missing / 48_000
        told_missing = re.search(r"([\d.]+) s of silence", back.message)
        assert told_missing is not None
        # What else is missing a server lost that stalled.
        assert AWAY < float(told_missing[1]) <= missing + 0.005
        assert missing < spoken[1] - spoken[0]
        # The session begins with the opening of the device, the frames with its first audio.
        heard = ended.frames_captured / 48_000 + missing
        assert -TRUE_WITHIN < ended.duration - heard < BEGINS_WITHIN
        # As far apart as they were spoken, whatever lies between them. What is said first after the
        # return may still be torn by a server that has just begun.
        return late, abs((told[2] - told[0]) - (spoken[2] - spoken[0]))


def test_a_sound_server_restarts_and_the_transcript_goes_on_with_true_times(
    sound_server: AudioServer, sentence: Recording
) -> None:
    check_gap(sound_server, sentence)


def test_pipewire_restarts_and_a_client_of_its_jack_goes_on_with_true_times(
    pipewire_jack_server: AudioServer, sentence: Recording
) -> None:
    check_gap(pipewire_jack_server, sentence)


def test_jack_restarts_and_the_transcript_goes_on_with_true_times(
    sentence: Recording,
) -> None:
    # Periods of 21 ms, which a busy machine can keep: what it cannot is heard as noise.
    with running_jack(1_024) as server:
        check_gap(server, sentence)


def test_an_utterance_ends_and_so_does_the_session_while_the_device_is_away(
    pulse_server: AudioServer, monologue: Recording
) -> None:
    with listening(pulse_server, "--device", "default", "--duration", "12") as (program, running):
        pulse_server.play(monologue.path)
        running.first(TranscriptPartial)
        pulse_server.die()
        running.first(EngineAlert, lambda alert: alert.code == "audio.device_lost")
        assert running.end() == 0
        assert error_lines(running.stderr) == []
        ended = check_books(program, running)
        assert ended.reason == "duration"
        assert ended.duration == pytest.approx(12, abs=1)
        assert of_kind(running.events, TranscriptFinal)[0].text


def test_a_person_need_not_wait_for_a_device_that_is_away(
    pulse_server: AudioServer, sentence: Recording
) -> None:
    with listening(pulse_server, "--device", "default") as (program, running):
        pulse_server.play(sentence.path)
        running.first(SpeechStarted)  # a device that never gave audio would not be waited for
        pulse_server.die()
        running.first(EngineAlert, lambda alert: alert.code == "audio.device_lost")
        asked = time.monotonic()
        running.send(signal.SIGINT)
        assert running.end() == 130
        assert time.monotonic() - asked < PROMPTLY
        check_books(program, running)
