"""A disk that is full or read-only: a transcript is shown once it is kept, or the user is told."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.program import Program, Running, error_lines, of_kind, wait_until
from tests.session.test_run import check_utterances
from tests.spoken_calls import Recording

from voicestand.events import (
    AnyEvent,
    EngineAlert,
    SessionEnded,
    SpeechEnded,
    TranscriptFinal,
)


class Disk:
    """A folder on which something is mounted for one program, and for us through ``path``."""

    def __init__(self, holder: int, folder: Path, enter: list[str]) -> None:
        self.folder = folder
        """Where the program sees it."""
        self.path = Path(f"/proc/{holder}/root{folder}")
        """Where we see it."""
        self.enter = enter
        """Runs a command where the disk is mounted."""

    def fill(self) -> None:
        """Takes all the space that is left."""
        with (self.path / "ballast").open("ab", buffering=0) as ballast:
            for size in (4096, 1):
                try:
                    while ballast.write(bytes(size)):
                        pass
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def free(self) -> None:
        """Gives it back."""
        (self.path / "ballast").unlink()


@contextmanager
def mounted(folder: Path, mount: str) -> Iterator[Disk]:
    """``mount``: a shell command that mounts something on ``$1``."""
    folder.mkdir(exist_ok=True)
    root = os.geteuid() == 0
    script = f"{mount} && echo mounted && exec sleep 1000"
    holder = subprocess.Popen(
        ["unshare", "-m" if root else "-rm", "sh", "-c", script, "sh", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stderr is not None
        if holder.stdout.readline() != "mounted\n":
            pytest.skip(f"this machine does not let us mount: {holder.stderr.read().strip()}")
        whose = [] if root else ["-U", "--preserve-credentials"]
        yield Disk(holder.pid, folder, ["nsenter", *whose, "-m", "-t", str(holder.pid), "--"])
    finally:
        holder.kill()
        holder.communicate()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """An empty disk of 1 MB."""
    with mounted(tmp_path / "disk", 'mount -t tmpfs -o size=1m tmpfs "$1"') as disk:
        yield disk


@pytest.fixture
def on_disk(program: Program, disk: Disk) -> Program:
    """The program, its journal on ``disk``."""
    program.prefix = disk.enter
    program.env["VOICESTAND_JOURNAL__FOLDER"] = str(disk.folder)
    return program


def refused(program: Program, recording: Recording) -> str:
    """The one line with which a session that cannot be kept does not even begin."""
    done = program("run", "--input", recording.path, "--pace", "max", "--events", "-")
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert error_lines(done.stderr) == [line]
    return line


def test_a_data_folder_below_a_file_is_named(program: Program, monologue: Recording) -> None:
    file = program.home / "file"
    file.write_text("not a folder")
    program.env["XDG_DATA_HOME"] = str(file)
    line = refused(program, monologue)
    assert str(file) in line
    assert "journal.folder" in line


def test_a_read_only_data_folder_is_named(
    program: Program, monologue: Recording, tmp_path: Path
) -> None:
    read_only = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"'
    with mounted(tmp_path / "disk", read_only) as disk:
        program.prefix = disk.enter
        program.env["VOICESTAND_JOURNAL__FOLDER"] = str(disk.folder)
        line = refused(program, monologue)
    assert str(disk.folder) in line
    assert "make that folder writable" in line


def test_a_disk_that_is_full_from_the_start_is_named(
    on_disk: Program, disk: Disk, monologue: Recording
) -> None:
    disk.fill()
    line = refused(on_disk, monologue)
    assert str(disk.folder) in line
    assert "full" in line or "No space left" in line


def test_a_disk_with_room_for_no_session_is_named(
    on_disk: Program, disk: Disk, monologue: Recording
) -> None:
    assert on_disk("run", "--input", monologue.path, "--pace", "max").returncode == 0
    disk.fill()
    assert "the disk is full" in refused(on_disk, monologue)


def test_transcription_needs_no_journal(on_disk: Program, disk: Disk, monologue: Recording) -> None:
    disk.fill()
    done = on_disk("transcribe", monologue.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(monologue.lines)


Break = Callable[[Running], None]


def break_after_the_first_final(program: Program, recording: Recording, storage: Break) -> Running:
    running = program.start("run", "--input", recording.path, "--events", "-")
    running.first(TranscriptFinal)
    storage(running)
    running.first(EngineAlert, lambda alert: alert.code == "journal.failed")
    return running


def check_that_finals_are_held_back(running: Running, recording: Recording) -> None:
    """Nothing but the first one was shown; an utterance after it has ended all the same."""
    assert len(of_kind(list(running.events), TranscriptFinal)) == 1
    assert len(of_kind(list(running.events), SpeechEnded)) >= 2


def check_failed(program: Program, running: Running, recording: Recording) -> None:
    """It told once, at the end; it showed what it could not keep, and kept what it had shown."""
    assert running.end() == 1
    (line,) = error_lines(running.stderr)
    assert "journal" in line
    ended = running.events[-1]
    assert isinstance(ended, SessionEnded)
    assert ended.reason == "failed"
    check_utterances(running.events, recording.seconds)
    finals = of_kind(running.events, TranscriptFinal)
    assert len(finals) == ended.utterances == len(recording.lines)
    failed = [at for at, event in enumerate(running.events) if _code(event) == "journal.failed"]
    shown = [running.events.index(final) for final in finals]
    assert shown[0] < failed[0]
    # The second alert says which transcripts are in no journal; they follow it.
    assert all(at > failed[-1] for at in shown[1:])
    kept = program.journalled(ended.session)
    assert kept == finals[: len(kept)]
    assert kept


def _code(event: AnyEvent) -> str | None:
    return event.code if isinstance(event, EngineAlert) else None


def check_recovered(program: Program, running: Running, recording: Recording) -> None:
    """Everything is in the journal and was shown, in order, as if nothing had happened."""
    assert running.end() == 0
    assert error_lines(running.stderr) == []
    codes = [code for code in map(_code, running.events) if code and code.startswith("journal.")]
    assert codes == ["journal.failed", "journal.recovered"]
    check_utterances(running.events, recording.seconds)
    finals = of_kind(running.events, TranscriptFinal)
    assert len(finals) == len(recording.lines)
    assert program.journalled(finals[0].session) == finals
    assert program.sessions()[0]["status"] == "complete"


def test_a_disk_that_becomes_full_is_told_and_nothing_shown_is_lost(
    on_disk: Program, disk: Disk, monologue: Recording
) -> None:
    running = break_after_the_first_final(on_disk, monologue, lambda _: disk.fill())
    check_that_finals_are_held_back(running, monologue)
    check_failed(on_disk, running, monologue)


def test_once_there_is_space_again_everything_is_kept_and_shown(
    on_disk: Program, disk: Disk, monologue: Recording
) -> None:
    running = break_after_the_first_final(on_disk, monologue, lambda _: disk.fill())
    check_that_finals_are_held_back(running, monologue)
    disk.free()
    running.first(EngineAlert, lambda alert: alert.code == "journal.recovered")
    check_recovered(on_disk, running, monologue)


def limit_files(running: Running, size: int) -> None:
    """No file of the program may grow beyond ``size``: a quota, which needs no mount."""
    hard = resource.RLIM_INFINITY
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size, hard))


def test_a_quota_that_is_reached_is_told_and_nothing_shown_is_lost(
    program: Program, monologue: Recording
) -> None:
    running = break_after_the_first_final(program, monologue, lambda one: limit_files(one, 4096))
    check_that_finals_are_held_back(running, monologue)
    check_failed(program, running, monologue)


def test_once_a_quota_is_raised_everything_is_kept_and_shown(
    program: Program, monologue: Recording
) -> None:
    running = break_after_the_first_final(program, monologue, lambda one: limit_files(one, 4096))
    check_that_finals_are_held_back(running, monologue)
    limit_files(running, resource.RLIM_INFINITY)
    running.first(EngineAlert, lambda alert: alert.code == "journal.recovered")
    check_recovered(program, running, monologue)


def test_ctrl_c_while_the_disk_is_full_shows_what_is_held_back(
    on_disk: Program, disk: Disk, monologue: Recording
) -> None:

    running = break_after_the_first_final(on_disk, monologue, lambda _: disk.fill())
    running.send(signal.SIGINT)
    assert running.end() == 1
    assert len(error_lines(running.stderr)) == 1
    check_utterances(running.events, monologue.seconds)
    assert isinstance(running.events[-1], SessionEnded)
    assert len(of_kind(running.events, TranscriptFinal)) >= 2


def test_a_full_disk_under_the_events_is_told_and_the_journal_is_complete(
    program: Program, disk: Disk, monologue: Recording
) -> None:
    program.prefix = disk.enter  # the journal is elsewhere
    file = disk.folder / "events.jsonl"
    running = program.start("run", "--input", monologue.path, "--events", file)
    wait_until((disk.path / "events.jsonl").exists, "the events")
    wait_until(lambda: b"speech.started" in (disk.path / "events.jsonl").read_bytes(), "speech")
    disk.fill()
    assert running.end() == 1
    (line,) = error_lines(running.stderr)
    assert "cannot write the events" in line
    assert "No space left" in line
    (listed,) = program.sessions()
    assert listed["status"] == "complete"
    assert program.journalled(listed["id"])[0].text
