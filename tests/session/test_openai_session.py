"""``voicestand run`` with providers elsewhere, from outside: what is sent, shown and kept."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.program import Program, command_line, error_lines, events_of, of_kind
from tests.speech.faulty_provider import FaultyProviders
from tests.spoken_calls import Recording

from voicestand.events import (
    EngineAlert,
    EngineStats,
    SessionEnded,
    SessionStarted,
    TranscriptFinal,
    TranscriptPartial,
)

SECRET = "sk-0123456789abcdef"


@pytest.fixture(scope="module")
def providers() -> Iterator[FaultyProviders]:
    providers = FaultyProviders()
    yield providers
    providers.close()


@pytest.fixture
def remote(program: Program, providers: FaultyProviders) -> Program:
    """The program, with a provider whose key is in a private file, usable but not chosen."""
    folder = program.home / ".config" / "voicestand"
    folder.mkdir(parents=True)
    key = folder / "key"
    key.write_text(SECRET)
    key.chmod(0o600)
    (folder / "providers.toml").write_text(
        f'deadline = 10\n[[provider]]\nname = "a"\nmodel = "m"\nurl = "{providers.url("a")}"\n'
        'key_file = "~/.config/voicestand/key"\nprice_per_hour = 0.36\n'
    )
    return program


def choose(program: Program) -> None:
    program.env["VOICESTAND_SPEECH__ENGINE"] = "openai"


def everything_under(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_nothing_is_sent_unless_the_engine_is_named(
    remote: Program, providers: FaultyProviders, dialogue: Recording
) -> None:
    providers.plan(a={})
    done = remote("run", "--input", dialogue.path, "--pace", "max", "--events", "-")
    assert done.returncode == 0, done.stderr
    events = events_of(done.stdout)
    assert {final.engine for final in of_kind(events, TranscriptFinal)} == {"pocketsphinx"}
    ended = events[-1]
    assert isinstance(ended, SessionEnded)
    assert ended.routing == {}
    assert providers.asked == []


def test_a_call_is_transcribed_elsewhere_the_account_shown_and_the_key_nowhere(
    remote: Program, providers: FaultyProviders, dialogue: Recording
) -> None:
    denial = {"status": 401, "said": {"message": f"Incorrect API key provided: {SECRET}"}}
    providers.plan(a={"text": "certainly", "faults": [{"status": 500}, denial]})
    choose(remote)
    done = remote("run", "--input", dialogue.path, "--pace", "max", "--events", "-")
    assert (done.returncode, error_lines(done.stderr)) == (0, []), done.stderr
    events = events_of(done.stdout)
    ended = events[-1]
    assert isinstance(ended, SessionEnded)
    finals = of_kind(events, TranscriptFinal)
    assert len(finals) == len({final.utterance for final in finals}) == ended.utterances == 4
    for final in finals:
        assert (final.engine == "openai/a") == (final.text == "certainly")
    elsewhere = sum(final.engine == "openai/a" for final in finals)
    assert set(ended.routing) == {"self", "other"}
    assert sum(one.requests for one in ended.routing.values()) == 4
    accounts = [account for one in ended.routing.values() for account in one.providers]
    assert sum(account.successes for account in accounts) == elsewhere
    assert sum(account.requests for account in accounts) == len(providers.asked)
    assert sum(sum(account.failures.values()) for account in accounts) == 2
    assert sum(account.cost for account in accounts) > 0
    last = of_kind(events, EngineStats)[-1]
    assert last.routing == ended.routing
    assert {one["authorization"] for one in providers.asked} == {f"Bearer {SECRET}"}
    alerts = {alert.code: alert.message for alert in of_kind(events, EngineAlert)}
    assert "a (127.0.0.1)" in alerts["recognizer.remote"]
    assert "a: denied (HTTP 401)" in alerts["recognizer.provider-failed"]
    listed = remote("sessions", "show", ended.session, "--json").stdout
    assert "openai/a" in listed
    assert SECRET not in done.stdout + done.stderr + listed + remote("config", "show").stdout
    assert SECRET.encode() not in everything_under(remote.data)


def test_a_worker_that_dies_while_a_provider_is_silent_loses_nothing(
    remote: Program, providers: FaultyProviders, monologue: Recording
) -> None:
    providers.plan(a={"text": "", "faults": [{"silence": True}]})
    choose(remote)
    running = remote.start("run", "--input", monologue.path, "--pace", "max", "--events", "-")
    providers.wait_for(1)
    (worker,) = running.workers()
    shown = "".join(map(command_line, [running.process.pid, *running.processes()]))
    assert SECRET not in shown
    os.kill(worker, signal.SIGKILL)
    assert running.end() == 0, running.stderr
    ended = running.events[-1]
    assert isinstance(ended, SessionEnded)
    finals = of_kind(running.events, TranscriptFinal)
    assert [final.engine for final in finals] == ["openai/a"] * len(monologue.lines)
    assert len({final.utterance for final in finals}) == len(finals)
    assert [final.start for final in finals] == sorted(final.start for final in finals)
    assert ended.routing["self"].requests == len(finals)


def test_what_a_killed_run_heard_is_transcribed_here(
    remote: Program, providers: FaultyProviders, monologue: Recording
) -> None:
    providers.plan(a={})
    running = remote.start("run", "--input", monologue.path, "--events", "-")
    session = running.first(SessionStarted).session
    running.first(TranscriptPartial)
    running.kill()
    choose(remote)
    assert remote("sessions", "recover").returncode == 0
    (final,) = remote.journalled(session)
    assert (final.engine, final.recovered) == ("pocketsphinx", True)
    assert final.text
    assert providers.asked == []


def test_a_key_that_others_can_read_ends_the_program_before_anything_is_sent(
    remote: Program, providers: FaultyProviders, dialogue: Recording
) -> None:
    providers.plan(a={})
    choose(remote)
    (remote.home / ".config" / "voicestand" / "key").chmod(0o644)
    done = remote("run", "--input", dialogue.path, "--pace", "max")
    assert done.returncode == 2
    (line,) = error_lines(done.stderr)
    assert "chmod 600" in line
    assert providers.asked == []
