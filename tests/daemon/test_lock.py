"""One run at a time, and the next one as soon as it has ended in whatever way."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from voicestand.daemon.lock import AlreadyRunningError, Lock

_HOLDER = """
import pathlib, sys
from voicestand.daemon.lock import Lock
lock = Lock(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_the_second_is_told_who_the_first_is(tmp_path: Path) -> None:
    with (
        closing(Lock(tmp_path)),
        pytest.raises(AlreadyRunningError, match=f"process {os.getpid()}:"),
    ):
        Lock(tmp_path)
    Lock(tmp_path).close()


def test_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunningError, match=f"process {holder.pid}:"):
            Lock(tmp_path)
        holder.kill()
        holder.wait()
    Lock(tmp_path).close()
