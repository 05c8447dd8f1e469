"""An utterance that no recognizer survives keeps its audio, and the journal says where."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.program import Program, of_kind

from voicestand.audio import load
from voicestand.config import AudioSettings
from voicestand.events import EngineAlert, SessionEnded, TranscriptFinal

if TYPE_CHECKING:
    from tests.spoken_calls import Recording


def test_an_utterance_over_which_three_workers_hang_keeps_its_audio(
    program: Program, monologue: Recording
) -> None:
    env = {"VOICESTAND_SPEECH__HANG_SECONDS": "1"}
    command = ("run", "--input", monologue.path, "--pace", "max", "--events", "-")
    running = program.start(*command, env=env)

    def gave_up(alert: EngineAlert) -> bool:
        if alert.code == "recognizer.gave-up":
            return True
        for worker in running.workers():
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGSTOP)
        return False

    running.first(EngineAlert, gave_up)
    for worker in running.workers():
        os.kill(worker, signal.SIGCONT)
    assert running.end() == 0
    finals = of_kind(running.events, TranscriptFinal)
    failed = [final for final in finals if final.failed]
    assert failed
    for final in failed:
        assert (final.failed, final.text) == ("gave-up", "")
        assert final.audio is not None
        path = program.data / final.audio
        assert path.stat().st_mode & 0o777 == 0o600
        seconds = load(path, AudioSettings()).samples.shape[1] / 16_000
        assert final.end - final.start <= seconds <= final.end - final.start + 1.0
        told = [one.message for one in of_kind(running.events, EngineAlert)]
        assert any(str(path) in message for message in told)
    session = of_kind(running.events, SessionEnded)[0].session
    kept = {final.utterance: final.audio for final in program.journalled(session) if final.failed}
    assert kept == {final.utterance: final.audio for final in failed}
    assert program("sessions", "delete", session, "--yes").returncode == 0
    assert not (program.data / "audio" / session).exists()
