"""Ctrl-C, SIGTERM, kill -9 in mid-sentence: what was said until then is final, once, and kept."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from tests.program import Program, Running, error_lines, is_alive, of_kind, wait_until
from tests.session.test_run import check_against_bare_engine, check_utterances
from tests.spoken_calls import Recording

from voicestand.cli.run import ONE_REQUEST
from voicestand.events import (
    EngineAlert,
    SessionEnded,
    SessionStarted,
    SpeechEnded,
    TranscriptFinal,
    TranscriptPartial,
)

ROUNDS = 5
SOON = 10.0
"""Seconds within which an interrupted program ends, on a busy machine."""


def listen(program: Program, recording: Recording, *options: object) -> Running:
    """Plays the recording at real pace until the first word is captioned."""
    running = program.start("run", "--input", recording.path, "--events", "-", *options)
    running.first(TranscriptPartial)
    return running


def all_ended(processes: list[int]) -> None:
    """No process outlives the program."""
    wait_until(lambda: not any(map(is_alive, processes)), "the end of what it started", SOON)


def check_interrupted(program: Program, running: Running, recording: Recording) -> None:
    """It ended in good order and holds every final, the one in flight too."""
    ended = running.events[-1]
    assert isinstance(ended, SessionEnded)
    assert ended.reason == "interrupted"
    assert ended.frames_captured == ended.frames_delivered + ended.frames_lost > 0
    assert ended.frames_lost == 0
    assert ended.duration < recording.seconds
    check_utterances(running.events, recording.seconds)
    finals = of_kind(running.events, TranscriptFinal)
    assert finals[-1].text
    assert ended.utterances == len(finals)
    assert program.journalled(ended.session) == finals
    assert [one["status"] for one in program.sessions()] == ["complete"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_mid_utterance_ends_it_in_good_order(
    program: Program, long_speech: Recording, number: signal.Signals
) -> None:
    running = listen(program, long_speech)
    processes = running.processes()
    assert processes
    running.send(number)
    assert running.end(SOON) == 130
    assert error_lines(running.stderr) == []
    check_interrupted(program, running, long_speech)
    (end,) = of_kind(running.events, SpeechEnded)
    assert end.reason == "end"
    assert not any(map(is_alive, processes))


def test_a_signal_at_the_highest_pace_loses_nothing_of_what_was_read(
    program: Program, long_speech: Recording, recordings: Path
) -> None:
    running = program.start(
        *("run", "--input", long_speech.path, "--pace", "max", "--events", "-"),
        env={"VOICESTAND_VAD__MAX_UTTERANCE": "3"},
    )
    running.first(SessionStarted)
    running.send(signal.SIGINT)
    code = running.end(60)
    ended = running.events[-1]
    assert isinstance(ended, SessionEnded)
    assert (code, ended.reason) == (130, "interrupted")
    assert ended.frames_captured == ended.frames_delivered
    assert ended.frames_lost == 0
    check_utterances(running.events, long_speech.seconds)


def test_a_signal_before_anything_was_heard_is_obeyed(
    program: Program, monologue: Recording
) -> None:
    running = program.start("run", "--input", monologue.path, "--events", "-")
    running.first(SessionStarted)
    running.send(signal.SIGINT)
    assert running.end(SOON) == 130
    assert error_lines(running.stderr) == []
    assert isinstance(running.events[-1], SessionEnded)


def test_a_signal_while_it_starts_leaves_nothing_behind(
    program: Program, monologue: Recording
) -> None:
    for delay in (0.05, 0.15, 0.3, 0.45, 0.6, 0.8):
        running = program.start("run", "--input", monologue.path, "--events", "-")
        time.sleep(delay)
        processes = running.processes()
        running.send(signal.SIGINT)
        code = running.end(SOON)
        # While Python itself starts, it dies of the signal or prints what it was importing; from
        # the first line of our main on we obey.
        in_python_itself = ", in main\n" not in running.stderr and (
            code == -signal.SIGINT or "KeyboardInterrupt" in running.stderr
        )
        if not in_python_itself:
            assert (code, "Traceback" in running.stderr) == (130, False), running.stderr
        all_ended(processes)


def test_a_second_ctrl_c_ends_it_at_once(program: Program, long_speech: Recording) -> None:
    running = listen(program, long_speech)
    # A recognizer that stands still: the first Ctrl-C waits for its final.
    workers = running.workers()
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    running.send(signal.SIGINT)
    running.first(SpeechEnded)
    assert running.process.poll() is None
    time.sleep(2 * ONE_REQUEST)
    running.send(signal.SIGINT)
    assert running.end(SOON) == 130
    assert "Traceback" not in running.stderr
    assert not any(map(is_alive, workers))
    (listed,) = program.sessions()
    assert listed["status"] == "interrupted"


def test_the_same_request_sent_twice_at_once_is_one(
    program: Program, long_speech: Recording
) -> None:
    running = listen(program, long_speech)
    running.send(signal.SIGTERM)
    running.send(signal.SIGTERM)
    assert running.end(SOON) == 130
    (listed,) = program.sessions()
    assert listed["status"] == "complete"


def test_a_signal_between_two_recordings_does_not_begin_the_next(
    program: Program, monologue: Recording, silence: Recording
) -> None:
    running = listen(program, monologue, "--input", silence.path)
    running.send(signal.SIGINT)
    assert running.end(SOON) == 130
    assert len(of_kind(running.events, SessionStarted)) == 1


def test_a_recognizer_that_is_killed_in_mid_utterance_says_it_all_the_same_once(
    program: Program, monologue: Recording
) -> None:
    running = listen(program, monologue)
    partial = running.first(TranscriptPartial)
    (worker,) = running.workers()
    os.kill(worker, signal.SIGKILL)
    assert running.end() == 0
    alerts = [one.code for one in of_kind(running.events, EngineAlert)]
    assert alerts.count("recognizer.restarted") == 1
    check_utterances(running.events, monologue.seconds)
    check_against_bare_engine(running.events, monologue.path)
    finals = of_kind(running.events, TranscriptFinal)
    assert partial.utterance in {final.utterance for final in finals}
    assert program.journalled(finals[0].session) == finals


def test_recognizers_that_are_killed_again_and_again_miss_no_utterance(
    program: Program, dialogue: Recording
) -> None:
    running = program.start("run", "--input", dialogue.path, "--events", "-")
    running.first(SessionStarted)
    dice, kills = random.Random(3), 0

    def finals() -> int:
        return len(of_kind(list(running.events), TranscriptFinal))

    def goes_on(before: int) -> bool:
        return finals() > before or running.process.poll() is not None

    while running.process.poll() is None:
        time.sleep(dice.uniform(0, 2))
        for worker in running.workers()[:1]:
            os.kill(worker, signal.SIGKILL)
            kills += 1
        # An utterance whose third worker dies is given up: each may lose one.
        wait_until(partial(goes_on, finals()), "a final")
    assert running.end() == 0
    assert kills >= 2
    check_utterances(running.events, dialogue.seconds)
    check_against_bare_engine(running.events, dialogue.path)


def test_kill_9_at_any_moment_loses_no_final_that_was_shown(
    program: Program, dialogue: Recording
) -> None:
    dice = random.Random(5)
    shown = 0
    inputs = ("--input", dialogue.path) * 6
    for count in range(ROUNDS):
        before = {one["id"] for one in program.sessions()}
        running = program.start("run", *inputs, "--pace", "max", "--events", "-")
        running.first(SessionStarted if count % 2 else TranscriptFinal)
        time.sleep(dice.uniform(0, 3))
        processes = running.processes()
        running.send(signal.SIGKILL)
        assert running.end(SOON) == -signal.SIGKILL
        all_ended(processes)
        listed = {one["id"]: one["status"] for one in program.sessions()}
        assert list(listed.values()).count("running") == 0
        sessions = [event.session for event in of_kind(running.events, SessionStarted)]
        assert set(sessions) <= set(listed) - before
        done = {event.session for event in of_kind(running.events, SessionEnded)}
        assert all(listed[session] == "complete" for session in done)
        if sessions[-1] not in done:
            assert listed[sessions[-1]] in ("interrupted", "complete")
        for session in sessions:
            finals = [
                one for one in of_kind(running.events, TranscriptFinal) if one.session == session
            ]
            kept = program.journalled(session)
            assert {one.utterance: one for one in kept}.items() >= {
                one.utterance: one for one in finals
            }.items()
            text = program.exported(session)
            assert all(final.text in text for final in finals)
            shown += len(finals)
    assert shown >= ROUNDS // 2  # else nothing was tested
    with closing(sqlite3.connect(program.data / "journal.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_session_that_was_killed_does_not_hinder_the_next(
    program: Program, monologue: Recording
) -> None:
    running = listen(program, monologue)
    running.send(signal.SIGKILL)
    running.end(SOON)
    done = program("run", "--input", monologue.path, "--pace", "max", "--events", "-")
    assert done.returncode == 0
    assert [one["status"] for one in program.sessions()] == ["complete", "interrupted"]
