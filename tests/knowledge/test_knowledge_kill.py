"""``kill -9`` in the middle of an ``add`` leaves a store that opens and is consistent."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from voicestand.knowledge import Knowledge, adding, schema
from voicestand.knowledge.listing import documents

# Dies by SIGKILL before the statement with this number; else ends with 0.
DYING = """
import os, sqlite3, sys
from pathlib import Path
from voicestand.knowledge import adding
left = int(sys.argv[3])
connect = adding.connect
def counted(*arguments):
    connection = connect(*arguments)
    def count(statement):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), 9)
    connection.set_trace_callback(count)
    return connection
adding.connect = counted
adding.add([Path(sys.argv[1])], Path(sys.argv[2]))
"""


@pytest.mark.parametrize("statement", [4, 9, 14, 23, 31, 45])
def test_the_store_is_whole_whenever_an_add_is_killed(tmp_path: Path, statement: int) -> None:
    folder, store = tmp_path / "documents", tmp_path / "store"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.md").write_text(f"The zebra {number}.\n\n# Two\n\nThe giraffe.")
    adding.add([folder / "0.md", folder / "1.md"], store)
    (folder / "0.md").write_text("The lion.")
    (folder / "1.md").unlink()
    command = [sys.executable, "-c", DYING, str(folder), str(store), str(statement)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    _check(store)
    with Knowledge.open(store) as knowledge:
        for one in documents(store):
            found = {passage.source for passage in knowledge.search("zebra giraffe lion", 20)}
            assert one.path in found
    adding.add([folder], store)
    _check(store)
    with Knowledge.open(store) as knowledge:
        assert len(knowledge.search("lion")) == 1
        assert len(knowledge.search("zebra")) == 2


def _check(store: Path) -> None:
    with closing(sqlite3.connect(store / schema.FILE_NAME)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.execute("INSERT INTO passage_text (passage_text) VALUES ('integrity-check')")
