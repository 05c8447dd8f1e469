"""The process dies, or the disk fails, at any call that writes: nothing acknowledged is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.journal.faulty_disk import FAULTS, WORK

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def faulty_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library to preload. A machine that links Rust has a C compiler."""
    library = tmp_path_factory.mktemp("faulty") / "faulty_disk.so"
    command = ["cc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-ldl", "-o", str(library)]
    command.append(str(HERE / "faulty_disk.c"))
    subprocess.run(command, check=True, timeout=60)
    return library


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("work", WORK)
def test_fault_at_any_call_that_writes_leaves_all_that_was_acknowledged(
    tmp_path: Path, faulty_disk: Path, work: str, fault: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.journal.faulty_disk", work, fault, tmp_path],
        cwd=HERE.parents[1],
        env={**os.environ, "LD_PRELOAD": str(faulty_disk)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 30  # else the faults did not reach SQLite
