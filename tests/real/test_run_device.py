"""``voicestand run`` on real audio servers: what is played is heard, transcribed and kept."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.program import (
    Program,
    Running,
    command_line,
    error_lines,
    of_kind,
    wait_until,
)
from tests.real.conftest import running_jack
from tests.session.test_run import check_utterances
from tests.spoken_calls import Line, Recording, perform

from voicestand.events import (
    EngineAlert,
    SessionEnded,
    SessionStarted,
    TranscriptFinal,
)

if TYPE_CHECKING:
    from tests.real.conftest import AudioServer

pytestmark = pytest.mark.real

OVERLAP = 0.6
"""Share of the words said that are heard; the embedded recognizer mishears the rest."""


@contextmanager
def listening(server: AudioServer, *options: str) -> Iterator[tuple[Program, Running]]:
    """The program, listening, in the home the server's environment has."""
    program = Program(Path(server.env["HOME"]), dict(server.env))
    try:
        running = program.start("run", *options, "--events", "-")
        running.first(SessionStarted)
        yield program, running
    finally:
        program.close()


def has_heard(running: Running, recording: Recording, channel: str) -> bool:
    """Whether enough of what is said in the recording was heard on the channel."""
    said = recording.words(recording.lines[0].channel)
    return len(words(running, channel) & said) >= OVERLAP * len(said)


def with_words(running: Running) -> list[TranscriptFinal]:
    return [final for final in of_kind(list(running.events), TranscriptFinal) if final.text]


def words(running: Running, channel: str) -> set[str]:
    finals = of_kind(list(running.events), TranscriptFinal)
    return {word for one in finals if one.channel == channel for word in one.text.split()}


def check_books(program: Program, running: Running) -> SessionEnded:
    """Nothing was lost, and everything that was shown is kept."""
    ended = running.events[-1]
    assert isinstance(ended, SessionEnded)
    assert ended.frames_captured == ended.frames_delivered > 0
    assert ended.frames_lost == 0
    check_utterances(running.events, ended.duration + 0.001)
    finals = of_kind(running.events, TranscriptFinal)
    by_start = sorted(finals, key=lambda final: (final.start, final.end))
    assert program.journalled(ended.session) == by_start
    return ended


def check_one_conversation(server: AudioServer, recording: Recording) -> None:
    with listening(server, "--device", server.device) as (program, running):
        server.play(recording.path)
        everything = len(recording.lines)
        running.first(TranscriptFinal, lambda _: len(with_words(running)) == everything)
        assert has_heard(running, recording, "self")
        running.send(signal.SIGINT)
        assert running.end() == 130
        assert error_lines(running.stderr) == []
        ended = check_books(program, running)
        assert ended.reason == "interrupted"
        assert ended.frames_captured >= 0.9 * 48_000 * recording.seconds
        started = running.events[0]
        assert isinstance(started, SessionStarted)
        assert (started.channels, started.sample_rate) == (["self"], 48_000)
        # Times are those of the audio: as far apart as they were spoken.
        finals = with_words(running)
        assert len(finals) == everything
        for final, span in zip(finals, recording.spans, strict=True):
            offset = final.start - finals[0].start
            assert abs(offset - (span[0] - recording.spans[0][0])) < 0.25
            assert abs((final.end - final.start) - (span[1] - span[0])) < 0.4
            assert 0 < final.engine_ms + final.recognizer_ms <= final.latency_ms + 0.01
        (listed,) = program.sessions()
        assert listed["status"] == "complete"


def test_a_conversation_through_pulseaudio(pulse_server: AudioServer, monologue: Recording) -> None:
    check_one_conversation(pulse_server, monologue)


def test_a_conversation_through_jack(monologue: Recording) -> None:
    # Periods of 21 ms, which the player can keep on a busy machine: one that is late has JACK play
    # the period before once more, for whoever listens.
    with running_jack(1_024) as server:
        check_one_conversation(server, monologue)


def pactl(server: AudioServer, *arguments: str) -> str:
    command = ["pactl", *arguments]
    done = subprocess.run(command, env=server.env, check=True, capture_output=True, text=True)
    return done.stdout


def listeners_to_news(server: AudioServer, running: Running) -> int:
    """How many of the program's ``pactl subscribe`` are clients of the server."""
    clients = pactl(server, "list", "clients")
    connected = [pid for pid in running.processes() if f'process.id = "{pid}"' in clients]
    return sum("subscribe" in command_line(pid) for pid in connected)


FAR_END = (
    Line("other", 0.5, "That is too expensive for us. We do not have the budget this year."),
    Line("other", 1.0, "Please send me the details in the morning."),
)


@pytest.fixture
def far_end(recordings: Path) -> Recording:
    """What the machine plays."""
    return perform(recordings / "far-end.wav", FAR_END)


def test_system_audio_is_the_other_and_the_microphone_oneself(
    sound_server: AudioServer, monologue: Recording, far_end: Recording
) -> None:
    # The monitor of a second sink stands for the microphone.
    pactl(sound_server, "load-module", "module-null-sink", "sink_name=microphone", "rate=48000")
    pactl(sound_server, "set-default-source", "microphone.monitor")
    pactl(sound_server, "set-default-sink", "vs")
    with listening(sound_server, "--device", "default", "--system-audio") as (program, running):
        with subprocess.Popen(
            ["paplay", "--device=microphone", str(monologue.path)], env=sound_server.env
        ) as near:
            sound_server.play(far_end.path)
            near.wait()
        running.first(TranscriptFinal, lambda final: has_heard(running, monologue, "self"))
        running.first(TranscriptFinal, lambda final: has_heard(running, far_end, "other"))
        running.send(signal.SIGINT)
        assert running.end() == 130
        started = running.events[0]
        assert isinstance(started, SessionStarted)
        assert started.channels == ["self", "other"]
        check_books(program, running)
        # Neither hears the other.
        assert "expensive" in words(running, "other")
        assert "expensive" not in words(running, "self")
        assert not words(running, "other") & {"calling", "report", "office", "house"}


def test_system_audio_follows_the_default_output(
    sound_server: AudioServer, far_end: Recording
) -> None:
    pactl(sound_server, "load-module", "module-null-sink", "sink_name=headset", "rate=48000")
    pactl(sound_server, "set-default-sink", "vs")
    # The microphone would follow, too, where the default input were the output's monitor.
    pactl(sound_server, "load-module", "module-null-sink", "sink_name=microphone", "rate=48000")
    pactl(sound_server, "set-default-source", "microphone.monitor")
    with listening(sound_server, "--device", "default", "--system-audio") as (program, running):
        # The microphone's and the monitor's: until its own listens, the monitor is where it plays
        # without a word.
        wait_until(lambda: listeners_to_news(sound_server, running) == 2, "pactl subscribe")
        pactl(sound_server, "set-default-sink", "headset")
        changed = running.first(EngineAlert, lambda alert: alert.code == "audio.device_changed")
        assert changed.channel == "other"
        assert "headset.monitor" in changed.message
        running.first(EngineAlert, lambda alert: alert.code == "audio.device_back")
        with subprocess.Popen(
            ["paplay", "--device=headset", str(far_end.path)], env=sound_server.env
        ) as player:
            player.wait()
        running.first(TranscriptFinal, lambda final: has_heard(running, far_end, "other"))
        running.send(signal.SIGINT)
        assert running.end() == 130
        check_books(program, running)


def test_duration_ends_a_session_on_a_device(pulse_server: AudioServer) -> None:
    with listening(pulse_server, "--duration", "2") as (program, running):
        assert running.end() == 0
        ended = check_books(program, running)
        assert ended.reason == "duration"
        assert 2 <= ended.duration < 3


def test_system_audio_without_a_sound_server_that_has_any_is_one_line(
    jack_server: AudioServer,
) -> None:
    program = Program(Path(jack_server.env["HOME"]), dict(jack_server.env))
    done = program("run", "--device", jack_server.device, "--system-audio", "--events", "-")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert error_lines(done.stderr) == [line]
    assert "sound server" in line


def test_an_unknown_device_is_named_with_those_there_are(pulse_server: AudioServer) -> None:
    program = Program(Path(pulse_server.env["HOME"]), dict(pulse_server.env))
    done = program("run", "--device", "defualt", "--events", "-")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert error_lines(done.stderr) == [line]
    assert "defualt" in line
    assert "default" in line
