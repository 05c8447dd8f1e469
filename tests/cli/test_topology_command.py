"""``voicestand topology``: one JSON object, of this machine or of a snapshot of another."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "topology"


def topology(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from voicestand.cli import main; main()", "topology", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def hybrid(tmp_path: Path) -> Path:
    """A snapshot of two performance cores with two threads each, and of two efficiency cores."""
    system = tmp_path / "sys" / "devices"
    (system / "cpu_core").mkdir(parents=True)
    (system / "cpu_atom").mkdir()
    (system / "cpu_core" / "cpus").write_text("0-3\n")
    (system / "cpu_atom" / "cpus").write_text("4-5\n")
    for cpu in range(6):
        folder = system / "system" / "cpu" / f"cpu{cpu}" / "topology"
        folder.mkdir(parents=True)
        siblings = f"{cpu // 2 * 2}-{cpu // 2 * 2 + 1}" if cpu < 4 else str(cpu)
        (folder / "thread_siblings_list").write_text(f"{siblings}\n")
    (system / "system" / "cpu" / "online").write_text("0-5\n")
    return tmp_path


def test_a_snapshot_is_one_json_object(hybrid: Path) -> None:
    done = topology("--sysroot", str(hybrid), "--json")
    assert json.loads(done.stdout) == {
        "performance": [0, 1, 2, 3],
        "efficiency": [4, 5],
        "low_power": [],
        "smt_siblings": [[0, 1], [2, 3]],
        "source": "cpu_core",
        "plan": {
            "realtime": [[2, 3], [0, 1]],
            "background": [4, 5],
            "housekeeping": [4, 5],
            "thrifty": [4, 5],
            "separate": True,
        },
    }
    assert (done.returncode, done.stderr) == (0, "")


def test_a_person_reads_ranges(hybrid: Path) -> None:
    lines = topology("--sysroot", str(hybrid)).stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["performance", "0-3", "(4)"],
        ["efficiency", "4-5", "(2)"],
        ["low", "power", "none"],
        ["same", "core", "0+1", "2+3"],
        ["told", "by", "cpu_core"],
        ["engine", "1", "2-3", "(2)"],
        ["engine", "2", "0-1", "(2)"],
        ["background", "4-5", "(2)"],
        ["housekeeping", "4-5", "(2)"],
    ]


def test_this_machine_s_cpus_are_those_this_process_may_use() -> None:
    found = json.loads(topology("--json").stdout)
    cpus = [*found["performance"], *found["efficiency"], *found["low_power"]]
    assert sorted(cpus) == sorted(os.sched_getaffinity(0))


def test_a_process_that_is_confined_sees_only_its_own_cpus() -> None:
    last = max(os.sched_getaffinity(0))
    program = (
        f"import os; os.sched_setaffinity(0, {{{last}}});"
        "from voicestand.cli import main; main(['topology', '--json'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    found = json.loads(done.stdout)
    assert [*found["performance"], *found["efficiency"], *found["low_power"]] == [last]


@pytest.mark.parametrize("place", ["missing", "empty", "a file"])
def test_a_folder_that_is_no_snapshot_is_answered_with_one_line(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a file").touch()
    done = topology("--sysroot", str(tmp_path / place), "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path / place) in done.stderr


@pytest.mark.parametrize("archive", sorted(SHARED.glob("*.tar.bz2")), ids=lambda path: path.name)
def test_real_machines_have_the_kinds_that_hwloc_found(archive: Path, tmp_path: Path) -> None:
    console = archive.with_name(archive.name.replace(".tar.bz2", ".console")).read_text()
    kinds: dict[str, list[int]] = {}
    for kind, threads in re.findall(r"Core L#\d+ .*cpukind=(\d)\)((?:\n *PU .*)+)", console):
        kinds.setdefault(kind, []).extend(map(int, re.findall(r"PU L#\d+ \(P#(\d+)", threads)))
    with tarfile.open(archive) as snapshot:
        snapshot.extractall(tmp_path, filter="fully_trusted")
    root = next(tmp_path.glob("*/fsroot"), None) or next(tmp_path.iterdir())
    found = json.loads(topology("--sysroot", str(root), "--json").stdout)
    assert found["performance"] == sorted(kinds["1"])
    assert sorted(found["efficiency"] + found["low_power"]) == sorted(kinds["0"])
