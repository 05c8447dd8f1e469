"""Recognizers and their template killed, stopped and slowed at random: nothing is lost of a call.

For 12 s and what the last call takes, or for ``VOICESTAND_STORM_SECONDS``.
"""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tests.program import Program, Running, events_of, is_alive, of_kind
from tests.session.test_run import check_session
from tests.spoken_calls import DIALOGUE, MONOLOGUE, Recording, perform

from voicestand.events import EngineAlert, TranscriptFinal

SECONDS = float(os.environ.get("VOICESTAND_STORM_SECONDS", "12"))

HANG_SECONDS = "4"
"""More than a worker says nothing for only because the machine is busy."""


@pytest.fixture(scope="module")
def call(recordings: Path) -> Recording:
    """Two channels, fourteen utterances."""
    return perform(recordings / "call.wav", (*DIALOGUE, *MONOLOGUE) * 2)


def send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


class Storm:
    """What it does to the recognizers' processes of a running session, and how often."""

    def __init__(self, running: Running, dice: random.Random) -> None:
        self.kills = self.stops = self.slowed = 0
        self._running = running
        self._dice = dice
        self._finals_at_stop = -1

    def blow(self) -> None:
        """Does something to one of them."""
        template = self._running.template()
        pids = self._running.workers() + ([template] if template else [])
        if pids:
            self._dice.choice([self._kill, self._kill, self._stop, self._slow])(
                self._dice.choice(pids)
            )

    def _kill(self, pid: int) -> None:
        send(pid, signal.SIGKILL)
        self.kills += 1

    def _stop(self, pid: int) -> None:
        """For longer than it may be silent. A worker that hangs three times over the same
        utterance has it given up: so at most once between two finals."""
        finals = len(of_kind(list(self._running.events), TranscriptFinal))
        if finals == self._finals_at_stop:
            return
        self._finals_at_stop = finals
        send(pid, signal.SIGSTOP)
        self.stops += 1
        self._wait(pid, 2 * float(HANG_SECONDS))
        send(pid, signal.SIGCONT)

    def _slow(self, pid: int) -> None:
        """To a quarter of its speed, for a second."""
        self.slowed += 1
        for _ in range(25):
            send(pid, signal.SIGSTOP)
            time.sleep(0.03)
            send(pid, signal.SIGCONT)
            time.sleep(0.01)

    def _wait(self, pid: int, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while is_alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)


def heard(finals: list[TranscriptFinal]) -> list[tuple[str, str, float, float]]:
    return [(one.channel, one.text, one.start, one.end) for one in finals]


@pytest.mark.timeout(240 + SECONDS)
def test_no_utterance_is_lost_in_a_storm(program: Program, call: Recording) -> None:
    command = ("run", "--input", call.path, "--pace", "max", "--events", "-")
    env = {"VOICESTAND_SPEECH__HANG_SECONDS": HANG_SECONDS}
    calm = program(*command)
    expected = heard(of_kind(events_of(calm.stdout), TranscriptFinal))
    assert len(expected) >= 12
    dice = random.Random(7)
    until = time.monotonic() + SECONDS
    blows = 0
    while time.monotonic() < until:
        running = program.start(*command, env=env)
        storm = Storm(running, dice)
        while running.process.poll() is None:
            time.sleep(dice.uniform(0.1, 1.5))
            storm.blow()
        assert running.end() == 0
        check_session(running.events, call.seconds)
        finals = of_kind(running.events, TranscriptFinal)
        codes = {one.code for one in of_kind(running.events, EngineAlert)}
        assert sorted(heard(finals)) == sorted(expected), codes
        kept = program.journalled(finals[0].session)
        assert sorted(heard(kept)) == sorted(expected)
        blows += storm.kills + storm.stops + storm.slowed
    assert blows >= 10
