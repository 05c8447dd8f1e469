"""kill -9 at any moment: what was acknowledged is there."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.journal.test_journal_delete import integrity

from voicestand import journal
from voicestand.journal import Journal

if TYPE_CHECKING:
    from tests.journal.conftest import Call

ROUNDS = 40
WRITERS = 2


def _write_until_killed(folder: Path, call: Call, acknowledged: int) -> None:
    """The child: says on a pipe which final is on disk, once ``final`` returned."""
    book = Journal.open(folder)
    book.begin(call.started())
    number = 0
    while True:
        book.final(call.final(number, f"{call.session} says {number}"))
        os.write(acknowledged, f"{call.session} says {number}\n".encode())
        book.suggestion(call.suggestion(number))
        book.metrics(call.metrics(number))
        number += 1


def _start(folder: Path, call: Call) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _write_until_killed(folder, call, writing)
        finally:
            os._exit(1)
    os.close(writing)
    return pid, reading


def test_no_acknowledged_final_is_lost_to_kill_9(tmp_path: Path, call: Call) -> None:
    dice = random.Random(7)
    shown = 0
    for number in range(ROUNDS):
        calls = [type(call)(session=f"{number:02}-{writer}") for writer in range(WRITERS)]
        children = [_start(tmp_path, each) for each in calls]
        # From before the file is made to several checkpoints of the log.
        time.sleep(dice.choice([0.001, 0.01, 0.05, 0.2]) * dice.random())
        for pid, _ in children:
            os.kill(pid, signal.SIGKILL)
        printed: list[str] = []
        for pid, pipe in children:
            os.waitpid(pid, 0)
            with os.fdopen(pipe, encoding="utf-8") as stream:
                printed += [line.rstrip("\n") for line in stream if line.endswith("\n")]
        statuses = {record.id: record.status for record in journal.sessions(tmp_path)}
        kept = {
            final.text
            for each in calls
            if each.session in statuses
            for final in journal.session(each.session, tmp_path).utterances
        }
        assert set(printed) <= kept
        assert set(statuses.values()) <= {"interrupted"}
        shown += len(printed)
    assert shown > ROUNDS  # else nothing was tested
    found = len(journal.search("says", tmp_path, limit=1_000_000))
    assert found == sum(record.utterances for record in journal.sessions(tmp_path))
    integrity(tmp_path)


def test_reader_sees_each_final_while_another_process_writes(tmp_path: Path, call: Call) -> None:
    pid, pipe = _start(tmp_path, call)
    try:
        with os.fdopen(pipe, encoding="utf-8") as stream:
            for line, _ in zip(stream, range(30), strict=False):
                detail = journal.session(call.session, tmp_path)
                assert line.rstrip("\n") in {final.text for final in detail.utterances}
                assert detail.status == "running"
            os.kill(pid, signal.SIGKILL)
    finally:
        os.waitpid(pid, 0)
    assert journal.session(call.session, tmp_path).status == "interrupted"


def _open_when_told(folder: Path, gate: int) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.read(gate, 1)
            Journal.open(folder).close()
            code = 0
        finally:
            os._exit(code)
    return pid


def test_programs_that_make_the_journal_at_the_same_moment_all_succeed(tmp_path: Path) -> None:
    for number in range(30):
        gate, opener = os.pipe()
        programs = [_open_when_told(tmp_path / str(number), gate) for _ in range(6)]
        os.write(opener, b"x" * len(programs))
        codes = [os.waitstatus_to_exitcode(os.waitpid(program, 0)[1]) for program in programs]
        os.close(gate)
        os.close(opener)
        assert codes == [0] * len(programs)
