"""``voicestand run`` on recordings, from outside: what it hears is what there is to hear."""

from __future__ import annotations

import json
import subprocess
import wave
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from tests.program import PATIENCE, Program, error_lines, events_of, of_kind
from tests.session.bare_engine import hear
from tests.spoken_calls import RATE, Recording

from voicestand.config import VadSettings
from voicestand.demo import recording as demo_recording
from voicestand.events import (
    AnyEvent,
    CoachSuggestion,
    EngineAlert,
    SessionEnded,
    SessionStarted,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinal,
    TranscriptPartial,
)

SHARED = Path(__file__).resolve().parents[3] / "shared" / "speech" / "utterances"
"""Real recordings beside the repository; absent on most machines."""


def run(
    program: Program, path: Path, *options: object, env: Mapping[str, str] | None = None
) -> list[AnyEvent]:
    """The events of one recording at the highest pace; the session must succeed."""
    done = program(
        "run", "--input", path, "--pace", "max", "--events", "-", *options, env=env or {}
    )
    assert (done.returncode, error_lines(done.stderr)) == (0, []), done.stderr
    return events_of(done.stdout)


def check_session(events: list[AnyEvent], seconds: float) -> SessionEnded:
    """What holds for every session: its frame, its books, its order, its times."""
    started, ended = events[0], events[-1]
    assert isinstance(started, SessionStarted)
    assert isinstance(ended, SessionEnded)
    assert len({event.session for event in events}) == 1
    assert len(of_kind(events, SessionStarted)) == len(of_kind(events, SessionEnded)) == 1
    assert ended.frames_captured == ended.frames_delivered + ended.frames_lost
    assert ended.xruns == 0
    assert all(0 <= event.t <= seconds + 0.001 for event in events)
    check_utterances(events, seconds)
    assert ended.utterances == len(of_kind(events, TranscriptFinal))
    assert ended.suggestions == len(of_kind(events, CoachSuggestion))
    return ended


def check_utterances(events: list[AnyEvent], seconds: float) -> None:
    """Each is started, ended and final once, in this order, and in the order they were spoken."""
    starts = of_kind(events, SpeechStarted)
    ends = of_kind(events, SpeechEnded)
    finals = of_kind(events, TranscriptFinal)
    for channel in {event.channel for event in starts}:
        spoken = [event.utterance for event in starts if event.channel == channel]
        assert len(set(spoken)) == len(spoken)
        assert [event.utterance for event in ends if event.channel == channel] == spoken
        assert [event.utterance for event in finals if event.channel == channel] == spoken
        spans = [(event.start, event.end) for event in ends if event.channel == channel]
        flat = [time for span in spans for time in span]
        assert flat == sorted(flat)
        assert 0 <= flat[0] <= flat[-1] <= seconds
        assert all(start < end for start, end in spans)
    assert len(starts) == len(ends) == len(finals)
    assert len({event.utterance for event in finals}) == len(finals)
    for end in ends:
        # Within what the recognizer hears: the pre-roll and the post-roll, too.
        assert end.segments
        assert all(
            end.start - 0.32 <= one.start < one.end <= end.end + 0.22 for one in end.segments
        )
    for final in finals:
        order = [type(event) for event in events if _is_about(event, final.utterance)]
        assert order[0] is SpeechStarted
        assert order[-1] is TranscriptFinal
        assert order.count(SpeechEnded) == 1
        end = next(event for event in ends if event.utterance == final.utterance)
        assert (final.start, final.end) == (end.start, end.end)
        for word in final.words or []:
            # A recognizer's frame is 10 ms; around the speech it hears pre-roll and post-roll.
            assert 0 <= word.start < word.end <= seconds + 0.02
            assert final.start - 0.32 <= word.start
            assert word.end <= final.end + 0.22
        assert final.text == " ".join(word.text for word in final.words or [])


def _is_about(event: AnyEvent, utterance: str) -> bool:
    kinds = SpeechStarted | SpeechEnded | TranscriptPartial | TranscriptFinal
    return isinstance(event, kinds) and event.utterance == utterance


def check_against_bare_engine(
    events: list[AnyEvent], path: Path, settings: VadSettings | None = None
) -> None:
    """The finals are what the recognizer says by itself of the same audio, each once."""
    settings = settings or VadSettings()
    started = events[0]
    assert isinstance(started, SessionStarted)
    expected = dict(zip(started.channels, hear(path, settings), strict=True))
    for channel, utterances in expected.items():
        finals = [one for one in of_kind(events, TranscriptFinal) if one.channel == channel]
        assert [(final.start, final.end) for final in finals] == [
            (heard.span.start / RATE, heard.span.end / RATE) for heard in utterances
        ]
        assert [final.text for final in finals] == [heard.transcript.text for heard in utterances]
        assert [
            [(word.text, round(word.start - heard.span.audio_start / RATE, 2)) for word in words]
            for heard, words in zip(
                utterances, (final.words or [] for final in finals), strict=True
            )
        ] == [[(word.text, word.start) for word in heard.transcript.words] for heard in utterances]


def test_every_frame_and_every_word_of_a_mono_file_arrives(
    program: Program, monologue: Recording
) -> None:
    events = run(program, monologue.path)
    ended = check_session(events, monologue.seconds)
    assert (ended.frames_captured, ended.frames_lost) == (monologue.frames, 0)
    assert (ended.reason, ended.utterances) == ("end", len(monologue.lines))
    assert ended.duration == monologue.seconds
    check_against_bare_engine(events, monologue.path)
    heard = {w for final in of_kind(events, TranscriptFinal) for w in final.text.split()}
    assert len(heard & monologue.words("self")) >= 0.6 * len(monologue.words("self"))
    for final, span in zip(of_kind(events, TranscriptFinal), monologue.spans, strict=True):
        assert abs(final.start - span[0]) < 0.25
        assert abs(final.end - span[1]) < 0.25


def test_two_channels_are_two_speakers_who_may_speak_at_once(
    program: Program, dialogue: Recording
) -> None:
    events = run(program, dialogue.path)
    started = events[0]
    assert isinstance(started, SessionStarted)
    assert started.channels == ["self", "other"]
    ended = check_session(events, dialogue.seconds)
    assert (ended.frames_captured, ended.frames_lost) == (dialogue.frames, 0)
    check_against_bare_engine(events, dialogue.path)
    for channel in ("self", "other"):
        finals = [one for one in of_kind(events, TranscriptFinal) if one.channel == channel]
        words = {word for final in finals for word in final.text.split()}
        expected = dialogue.words(channel)
        assert len(words & expected) >= 0.5 * len(expected)
        assert ended.channels[channel].talk_seconds > 3


@pytest.mark.parametrize("longest", [3])
def test_a_speech_that_is_cut_loses_and_doubles_no_word(
    program: Program, long_speech: Recording, longest: int
) -> None:
    events = run(program, long_speech.path, env={"VOICESTAND_VAD__MAX_UTTERANCE": str(longest)})
    ended = check_session(events, long_speech.seconds)
    assert (ended.frames_captured, ended.frames_lost) == (long_speech.frames, 0)
    settings = VadSettings(max_utterance=float(longest))
    check_against_bare_engine(events, long_speech.path, settings)
    reasons = [end.reason for end in of_kind(events, SpeechEnded)]
    assert reasons.count("longest") >= long_speech.seconds // longest - 1
    # Where a speech was cut, each sample was heard by exactly one of the two utterances.
    (heard,) = hear(long_speech.path, settings)
    for before, after in pairwise(heard):
        assert before.span.audio_end <= after.span.audio_start
        if before.span.reason == "longest":
            assert before.span.audio_end == after.span.audio_start


# What is longer takes a minute of two CPUs and says nothing that these do not.
SHORT = [path for path in sorted(SHARED.glob("*.wav")) if path.stat().st_size < 300_000]


@pytest.mark.parametrize("path", SHORT, ids=lambda path: path.stem)
def test_real_speech_is_transcribed_as_by_the_bare_engine(program: Program, path: Path) -> None:
    with wave.open(str(path)) as file:
        frames, rate = file.getnframes(), file.getframerate()
    events = run(program, path)
    ended = check_session(events, frames / rate)
    assert (ended.frames_captured, ended.frames_lost) == (frames, 0)
    check_against_bare_engine(events, path)


def test_what_was_shown_is_in_the_journal(program: Program, dialogue: Recording) -> None:
    events = run(program, dialogue.path)
    (listed,) = program.sessions()
    assert listed["id"] == events[0].session
    assert listed["status"] == "complete"
    by_start = sorted(of_kind(events, TranscriptFinal), key=lambda f: (f.start, f.end))
    assert program.journalled(listed["id"]) == by_start
    done = program("sessions", "show", listed["id"], "--json")
    kept = json.loads(done.stdout)
    assert [one["text"] for one in kept["suggestions"]] == [
        one.text for one in of_kind(events, CoachSuggestion)
    ]
    assert len(kept["alerts"]) == len(of_kind(events, EngineAlert))


def test_the_limits_of_the_recognizer_are_told_once(program: Program, silence: Recording) -> None:
    events = run(program, silence.path)
    (alert,) = of_kind(events, EngineAlert)
    assert (alert.severity, alert.code) == ("info", "recognizer.embedded")


def test_silence_is_no_error_and_no_transcript(program: Program, silence: Recording) -> None:
    events = run(program, silence.path)
    ended = check_session(events, silence.seconds)
    assert (ended.utterances, ended.reason) == (0, "end")
    assert ended.frames_captured == silence.frames


def test_several_recordings_are_one_session_each(
    program: Program, monologue: Recording, silence: Recording
) -> None:
    done = program(
        *("run", "--input", monologue.path, "--input", silence.path, "--input", monologue.path),
        *("--pace", "max", "--events", "-"),
    )
    assert (done.returncode, error_lines(done.stderr)) == (0, [])
    events = events_of(done.stdout)
    ends = [at for at, event in enumerate(events) if isinstance(event, SessionEnded)]
    assert len(ends) == 3
    texts = []
    for first, last, recording in zip(
        [0, *(end + 1 for end in ends)], ends, (monologue, silence, monologue), strict=False
    ):
        session = events[first : last + 1]
        assert check_session(session, recording.seconds).frames_captured == recording.frames
        texts.append([final.text for final in of_kind(session, TranscriptFinal)])
    assert texts[0] == texts[2]  # nothing of one session reaches the next
    assert [one["id"] for one in program.sessions()] == [events[end].session for end in ends][::-1]


def test_a_bad_recording_among_several_is_told_before_the_first_session(
    program: Program, silence: Recording
) -> None:
    done = program(
        *("run", "--input", silence.path, "--input", "nowhere.wav", "--input", silence.path),
        *("--pace", "max", "--events", "-"),
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert len(error_lines(done.stderr)) == 1
    assert not program.sessions()


def test_duration_ends_the_session_there(program: Program, monologue: Recording) -> None:
    seconds = monologue.spans[1][0] + 1.0  # in the middle of the second utterance
    events = run(program, monologue.path, "--duration", seconds)
    ended = check_session(events, monologue.seconds)
    assert ended.reason == "duration"
    assert (ended.frames_captured, ended.frames_lost) == (round(seconds * RATE), 0)
    assert abs(ended.duration - seconds) < 0.001
    assert ended.utterances == 2


def test_duration_beyond_the_end_changes_nothing(program: Program, silence: Recording) -> None:
    ended = check_session(run(program, silence.path, "--duration", 3600), silence.seconds)
    assert (ended.reason, ended.frames_captured) == ("end", silence.frames)


def test_events_go_to_a_file_which_grows(program: Program, silence: Recording) -> None:
    file = program.home / "events.jsonl"
    for count in (1, 2):
        done = program("run", "--input", silence.path, "--pace", "max", "--events", file)
        assert (done.returncode, done.stdout) == (0, "")
        assert error_lines(done.stderr) == []
        events = events_of(file.read_text())
        assert len(of_kind(events, SessionStarted)) == count
        assert len(of_kind(events, SessionEnded)) == count


def test_stdout_that_is_no_terminal_gets_the_events(program: Program, silence: Recording) -> None:
    done = program("run", "--input", silence.path, "--pace", "max")
    assert done.returncode == 0
    check_session(events_of(done.stdout), silence.seconds)


def test_a_reader_who_leaves_ends_the_session_not_the_record(
    program: Program, monologue: Recording
) -> None:
    command = program.command("run", "--input", monologue.path, "--events", "-")
    with subprocess.Popen(
        command,
        env=program.env,
        cwd=program.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        for line in running.stdout:
            if json.loads(line)["type"] == "transcript.partial":
                break
        running.stdout.close()
        stderr = running.stderr.read()
        code = running.wait(PATIENCE)
    assert code == 1
    assert len(error_lines(stderr)) == 1
    (listed,) = program.sessions()
    assert listed["status"] == "complete"
    assert listed["duration"] < monologue.seconds
    assert program.journalled(listed["id"])[0].text  # the utterance that was being spoken


def test_the_demo_call_is_captioned_and_coached(program: Program) -> None:
    done = program("run", "--demo", "--pace", "max", "--events", "-", timeout=200)
    assert (done.returncode, error_lines(done.stderr)) == (0, [])
    events = events_of(done.stdout)
    ended = check_session(events, 100)
    assert ended.frames_lost == 0
    finals = of_kind(events, TranscriptFinal)
    assert {final.channel for final in finals if final.text} == {"self", "other"}
    suggestions = of_kind(events, CoachSuggestion)
    assert len({one.text for one in suggestions}) >= 4
    shown_before = {final.utterance: at for at, final in enumerate(events) if final in finals}
    for one in suggestions:
        assert shown_before[one.utterance] < events.index(one)
    assert Path(demo_recording()).stat().st_size < 1_000_000


def test_what_of_a_damaged_file_could_not_be_heard_is_told(
    program: Program, tmp_path: Path
) -> None:
    audio = bytearray(demo_recording().read_bytes()[:200_000])
    audio[100_000:110_000] = bytes(10_000)
    (tmp_path / "damaged.ogg").write_bytes(audio)
    events = run(program, tmp_path / "damaged.ogg")
    (told,) = (alert for alert in of_kind(events, EngineAlert) if alert.code == "audio.damaged")
    assert "damaged.ogg" in told.message
    assert of_kind(events, TranscriptFinal)
