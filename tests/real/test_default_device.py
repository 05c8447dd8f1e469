"""The microphone follows the sound server's default source, and no time becomes untrue by it."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from tests.program import error_lines, of_kind, wait_until
from tests.real.ear import listening_to
from tests.real.stalls import holds_unless_the_machine_stood_still
from tests.real.test_run_device import check_books, listening, pactl, with_words
from tests.spoken_calls import Recording

from voicestand.events import EngineAlert, SpeechStarted, TranscriptFinal

if TYPE_CHECKING:
    from tests.real.conftest import AudioServer

pytestmark = pytest.mark.real

TRUE_WITHIN = 0.1
"""Seconds."""


@pytest.fixture
def two_microphones(sound_server: AudioServer) -> AudioServer:
    """Its sinks ``vs`` and ``headset`` have monitors that stand for microphones."""
    pactl(sound_server, "load-module", "module-null-sink", "sink_name=headset", "rate=44100")
    pactl(sound_server, "set-default-source", "vs.monitor")
    return sound_server


def listens_to_news(server: AudioServer) -> bool:
    """Whether somebody but the one who asks holds a connection by pactl."""
    clients = subprocess.run(
        ["pactl", "list", "clients"], env=server.env, stdout=subprocess.PIPE, text=True, check=True
    )
    return clients.stdout.count('application.process.binary = "pactl"') > 1


@pytest.mark.parametrize(
    ("sound_server", "named"),
    [("pulse_server", ["--device", "default"]), ("pulse_server", []), ("pipewire_server", [])],
    indirect=["sound_server"],
)
def test_the_default_microphone_is_followed_with_true_times_and_exact_books(
    two_microphones: AudioServer, sentence: Recording, named: list[str]
) -> None:
    def trouble() -> str | None:
        pactl(two_microphones, "set-default-source", "vs.monitor")
        error = change(two_microphones, sentence, named)
        return None if error < TRUE_WITHIN else f"{error:.3f} s from the truth"

    holds_unless_the_machine_stood_still(trouble)


def change(server: AudioServer, sentence: Recording, named: list[str]) -> float:
    """Seconds by which times are untrue after the change."""
    with listening(server, *named) as (program, running):
        spoken: list[float] = []
        told: list[float] = []

        def say(sink: str) -> None:
            finals = len(with_words(running))
            with listening_to(server, sentence.path, sink) as ear:
                ear.began()
                asked = time.monotonic()
                command = ["paplay", f"--device={sink}", str(sentence.path)]
                with subprocess.Popen(command, env=server.env):
                    running.first(TranscriptFinal, lambda _: len(with_words(running)) > finals)
                spoken.append(ear.heard(asked))
            told.append(of_kind(list(running.events), SpeechStarted)[-1].t)

        say("vs")
        wait_until(lambda: listens_to_news(server), "listening to the server's news")
        pactl(server, "set-default-source", "headset.monitor")
        changed = running.first(EngineAlert, lambda alert: alert.code == "audio.device_changed")
        assert (changed.severity, changed.channel) == ("info", "self")
        assert "headset.monitor" in changed.message
        back = running.first(EngineAlert, lambda alert: alert.code == "audio.device_back")
        say("headset")
        say("headset")
        running.send(signal.SIGINT)
        assert running.end() == 130
        assert error_lines(running.stderr) == []
        ended = check_books(program, running)
        missing = ended.frames_missing / 48_000
        assert f"{missing:.2f} s" in back.message
        assert 0 < missing < spoken[1] - spoken[0]
        return max(
            abs((told[number] - told[0]) - (spoken[number] - spoken[0])) for number in (1, 2)
        )
