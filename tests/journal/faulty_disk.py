"""Runs one piece of work once for each call that writes, with that call cut short or refused.

``python -m tests.journal.faulty_disk WORK FAULT FOLDER``, with the library preloaded. Prints
how often the fault came, and fails with the reason if ever the journal is not what was promised.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.journal.conftest import Call
from tests.journal.test_journal_delete import SECRET, bytes_with, integrity, record
from tests.journal.test_journal_migration import make_version_1

from voicestand import journal
from voicestand.errors import StorageError
from voicestand.journal import Journal

FAULTS = ("cut", "full", "fail")
FINALS = 6
DONE, REFUSED, TOO_LATE = 0, 3, 4

Say = Callable[[str], None]

_FIRST, _SECOND = Call(), Call(session="0194-second")


def write(folder: Path, say: Say) -> None:
    """A whole session, into a journal that is not there yet."""
    with Journal.open(folder) as book:
        book.begin(_FIRST.started())
        for number in range(FINALS):
            book.final(_FIRST.final(number, f"said {number}"))
            say(f"said {number}")
            book.suggestion(_FIRST.suggestion(number))
        book.end(_FIRST.ended(FINALS))


def written(folder: Path, said: list[str]) -> None:
    found = {hit.text for hit in journal.search("said", folder, limit=100)}
    finals = {f.text for s in journal.sessions(folder) for f in _detail(s.id, folder).utterances}
    assert set(said) <= finals == found


def migrate(folder: Path, say: Say) -> None:
    """A journal of the first version, opened by this one."""
    Journal.open(folder).close()
    say("migrated")


def migrated(folder: Path, said: list[str]) -> None:
    assert [len(_detail(s.id, folder).utterances) for s in journal.sessions(folder)] == [20, 20]
    assert len(journal.search("says", folder, limit=100)) == 40


def delete(folder: Path, say: Say) -> None:
    """One of two sessions, deleted."""
    journal.delete([_FIRST.session], folder)
    assert bytes_with(folder) == []
    say("deleted")


def deleted(folder: Path, said: list[str]) -> None:
    left = {session.id: session.utterances for session in journal.sessions(folder)}
    assert left.pop(_SECOND.session) == FINALS
    assert left in ({}, {_FIRST.session: FINALS})
    assert not (said and left)
    assert len(journal.search(SECRET, folder, limit=100)) == FINALS * len(left)
    assert bool(bytes_with(folder)) == bool(left)


def _nothing(folder: Path) -> None:
    folder.mkdir()


def _version_1(folder: Path) -> None:
    folder.mkdir()
    make_version_1(folder, _FIRST)


def _two_sessions(folder: Path) -> None:
    with Journal.open(folder) as book:
        record(book, _SECOND, "bassoonist", finals=FINALS)
        record(book, _FIRST, SECRET, finals=FINALS)


WORK: dict[
    str,
    tuple[Callable[[Path], None], Callable[[Path, Say], None], Callable[[Path, list[str]], None]],
] = {
    "write": (_nothing, write, written),
    "migrate": (_version_1, migrate, migrated),
    "delete": (_two_sessions, delete, deleted),
}


def _detail(identifier: str, folder: Path) -> journal.SessionDetail:
    return journal.session(identifier, folder)


def _work_with_fault(work: Callable[[Path, Say], None], folder: Path, kind: int, at: int) -> int:
    """In a child, which says on stdout what is acknowledged; its exit code."""
    disk = ctypes.CDLL(None)

    def say(text: str) -> None:
        os.write(1, f"{text}\n".encode())

    disk.faulty_disk_arm(kind, at)
    try:
        work(folder, say)
    except StorageError:
        return REFUSED
    finally:
        reached = disk.faulty_disk_calls() >= at
        disk.faulty_disk_arm(0, 0)
    return DONE if reached else TOO_LATE


def _run(work: Callable[[Path, Say], None], folder: Path, kind: int, at: int) -> tuple[int, str]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        os.dup2(writing, 1)
        try:
            code = _work_with_fault(work, folder, kind, at)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said


def main(name: str, fault: str, scratch: Path) -> int:
    prepare, work, check = WORK[name]
    prepare(scratch / "before")
    at = 1
    while True:
        folder = scratch / "now"
        shutil.copytree(scratch / "before", folder)
        code, said = _run(work, folder, 1 + FAULTS.index(fault), at)
        if code == TOO_LATE:
            return at - 1
        try:
            assert code in (DONE, REFUSED, -signal.SIGKILL), code
            _readable(folder)
            Journal.open(folder).close()
            integrity(folder)
            check(folder, said.splitlines())
        except BaseException as error:
            raise AssertionError(f"{name}: call {at}, {fault}, said {said!r}: {error!r}") from error
        shutil.rmtree(folder)
        at += 1


def _readable(folder: Path) -> None:
    """By a program that only looks, before one that writes has put anything in order."""
    for session in journal.sessions(folder):
        journal.session(session.id, folder)
    for file in folder.glob("*.sqlite3"):
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
