"""Lines of the log: one an event, with a priority, whatever is in it."""

from __future__ import annotations

import io
import json
import re
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicestand.audio.portaudio_stream import muted_stderr
from voicestand.daemon.log import Log, error_line, event_line
from voicestand.events import EngineAlert, Severity, TranscriptFinal


def alert(message: str, severity: Severity = "warning") -> EngineAlert:
    return EngineAlert(
        session="s-1", t=1.25, severity=severity, code="audio.lost", message=message, channel="self"
    )


def test_an_alert_has_the_priority_of_its_severity() -> None:
    priorities: dict[Severity, int] = {"info": 6, "warning": 4, "error": 3}
    for severity, priority in priorities.items():
        assert event_line(alert("away", severity)) == (
            f"<{priority}>event=engine.alert session=s-1 t=1.25 channel=self code=audio.lost "
            "message=away"
        )
    assert error_line("no device") == '<3>event=error message="no device"'


def test_what_is_said_is_not_logged() -> None:
    final = TranscriptFinal(
        session="s-1",
        t=1.0,
        channel="self",
        utterance="self-1",
        text="secret",
        start=0.0,
        end=1.0,
        engine="e",
        latency_ms=1.0,
        engine_ms=1.0,
        recognizer_ms=1.0,
    )
    stream = io.StringIO()
    Log(stream).show(final)
    assert stream.getvalue() == ""


def test_a_line_is_written_while_stderr_is_muted(capfd: pytest.CaptureFixture[str]) -> None:
    with closing(Log()) as log, muted_stderr():
        log.show(alert("away"))
    assert capfd.readouterr().err == f"{event_line(alert('away'))}\n"


@settings(max_examples=50)
@given(st.text(max_size=100))
def test_a_message_is_one_line_of_which_nothing_is_lost_that_can_be_printed(message: str) -> None:
    line = event_line(alert(message))
    assert line is not None
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    found = re.search(r" message=(.*)$", line)
    assert found is not None
    value = json.loads(found[1]) if found[1].startswith('"') else found[1]
    assert value == "".join(c if c.isprintable() else "\ufffd" for c in message)
