"""``voicestand bench`` in a made source tree with claims of its own."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.program import Program, error_lines, is_alive, wait_until

from voicestand.bench import benches, runner
from voicestand.errors import VoicestandError

CLAIM = """
from voicestand.bench.record import Bound, record

def test_it():
    record(
        "{name}", "a made claim", input="nothing", unit="ms",
        ours={ours}, peers={peers}, bounds=[{bound}],
    )
"""


@pytest.fixture
def tree(program: Program) -> Path:
    """A source tree without benches; the program is started in it."""
    (program.home / "benches").mkdir()
    (program.home / "pyproject.toml").write_text('[project]\nname = "voicestand"\n')
    return program.home


def write(tree: Path, name: str, source: str) -> None:
    (tree / "benches" / f"bench_{name}.py").write_text(source)


def claim(
    name: str = "made-claim", ours: str = "[1.0] * 40", peer: str = "[3.0] * 40", bound: str = ""
) -> str:
    return CLAIM.format(name=name, ours=ours, peers=f'{{"peer": {peer}}}', bound=bound)


def test_claims_are_run_tabled_and_written_to_a_page(program: Program, tree: Path) -> None:
    write(tree, "one", claim("claim-one", bound='Bound(2.0, "peer")'))
    write(tree, "two", claim("claim-two", bound="Bound(0.5)"))
    done = program("bench")
    assert done.returncode == 0, done.stderr
    for told in ("claim-one", "3.00 × peer", "≥ 2.00 × peer", "met", "claim-two", "missed"):
        assert told in done.stdout
    assert "2/2 two" in done.stderr
    page = (tree / "voicestand-bench.html").read_text()
    assert 'id="claim-claim-one"' in page
    assert 'id="claim-claim-two"' in page


def test_json_has_every_claim_and_missed_promise_fails_where_it_is_checked(
    program: Program, tree: Path
) -> None:
    write(tree, "one", claim(bound="Bound(0.5)"))
    done = program("bench", "--json", "--check")
    assert done.returncode == 1
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["claims"][0]["name"] == "made-claim"
    assert found["claims"][0]["verdict"] == "missed"
    assert found["claims"][0]["ratios"]["peer"] == {"ratio": 3.0, "parts": [3.0] * 10}
    assert found["machine"]["cpu"]
    assert not list(tree.glob("*.html"))


def test_regression_from_the_baseline_fails_after_it_was_measured_again(
    program: Program, tree: Path
) -> None:
    write(tree, "one", claim())
    earlier = tree / "earlier.json"
    earlier.write_text(program("bench", "--json").stdout)
    same = program("bench", "--baseline", earlier)
    assert (same.returncode, same.stderr.count("again")) == (0, 0)
    assert "no regression in 1 ratios" in same.stdout
    write(tree, "one", claim(ours="[1.5] * 40"))
    worse = program("bench", "--baseline", earlier)
    assert (worse.returncode, worse.stderr.count("again")) == (1, 2)
    assert "the ratio to peer was 3, is 2: regressed" in worse.stdout
    tolerated = program("bench", "--baseline", earlier, "--tolerance", "0.6")
    assert tolerated.returncode == 0


def test_regression_that_was_a_bad_moment_does_not_fail(program: Program, tree: Path) -> None:
    write(tree, "one", claim())
    earlier = tree / "earlier.json"
    earlier.write_text(program("bench", "--json").stdout)
    once = "([9.0] if not Path('been').exists() and not Path('been').touch() else [1.0]) * 40"
    write(tree, "one", "from pathlib import Path\n" + claim(ours=once))
    done = program("bench", "--baseline", earlier)
    assert (done.returncode, done.stderr.count("again")) == (0, 1)


def test_peer_that_is_not_installed_is_told_and_the_rest_is_measured(
    program: Program, tree: Path
) -> None:
    write(tree, "lonely", "import a_peer_nobody_has\n" + claim())
    write(tree, "one", claim())
    done = program("bench")
    assert done.returncode == 0
    assert "lonely was not measured: it needs a_peer_nobody_has" in done.stdout
    assert "pip install --group bench" in done.stdout
    assert "made-claim" in done.stdout


def test_without_cargo_it_is_told_what_is_left_out_and_how_to_get_it(
    program: Program, tree: Path
) -> None:
    (tree / "rust" / "core").mkdir(parents=True)
    (tree / "rust" / "core" / "Cargo.toml").write_text('[[bench]]\nname = "ring"\n')
    write(tree, "one", claim())
    empty = tree / "empty"
    empty.mkdir()
    (empty / "python3").symlink_to(sys.executable)
    done = program("bench", env={"PATH": str(empty)})
    assert done.returncode == 0, done.stderr
    assert "core-ring was not measured: it needs cargo: https://rustup.rs" in done.stdout
    assert "made-claim" in done.stdout


def test_bench_that_fails_is_told_beside_the_others(program: Program, tree: Path) -> None:
    write(tree, "broken", "def test_it():\n    assert 1 == 2\n")
    write(tree, "garbage", "import os\ndef test_it():\n" + GARBAGE)
    write(tree, "one", claim())
    done = program("bench")
    assert done.returncode == 1
    assert "broken ended with 1: FAILED benches/bench_broken.py::test_it" in done.stdout
    assert "garbage line 1 is no record" in done.stdout
    assert "made-claim" in done.stdout
    assert "Traceback" not in done.stderr


GARBAGE = """
    with open(os.environ["VOICESTAND_BENCH_RECORD"], "ab") as file:
        file.write(b'{"name": "half a rec')
"""


def test_bench_that_hangs_is_stopped_with_what_it_started(tree: Path) -> None:
    source = """
import subprocess, time
def test_it():
    child = subprocess.Popen(["sleep", "600"])
    open("child", "w").write(str(child.pid))
    time.sleep(600)
"""
    write(tree, "slow", source)
    (bench,), _ = benches.choose(tree, [], quick=False)
    seen = runner.run(bench, tree, longest=3.0)
    assert seen.trouble
    assert "it did not end" in seen.trouble[0]
    child = int((tree / "child").read_text())
    wait_until(lambda: not is_alive(child), "its end", 10)


def test_ctrl_c_ends_the_bench_that_runs(program: Program, tree: Path) -> None:
    write(tree, "slow", "import time\ndef test_it():\n    open('here', 'w')\n    time.sleep(600)\n")
    running = subprocess.Popen(
        program.command("bench"),
        cwd=tree,
        env=program.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        wait_until((tree / "here").exists, "the bench", 60)
        running.send_signal(signal.SIGINT)
        _, stderr = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130
    assert b"Traceback" not in stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "nothing"], "no bench 'nothing': choose from one"),
        (["--quick", "--only", "one"], "no cheap bench 'one'"),
        (["--baseline", "none.json"], "cannot read the baseline none.json"),
        (["--baseline", "benches/bench_one.py"], "is no baseline"),
        (["--output", "no/such/folder/page.html"], "cannot write the page"),
        (["--output", "benches"], "cannot write the page"),
        (["--tolerance", "nan"], "--tolerance nan"),
        (["--tolerance", "-1"], "--tolerance -1"),
    ],
)
def test_bad_input_is_answered_by_one_line_before_anything_runs(
    program: Program, tree: Path, arguments: list[str], said: str
) -> None:
    write(tree, "one", "open('ran', 'w')\n" + claim())
    done = program("bench", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = error_lines(done.stderr)
    assert said in line
    assert not (tree / "ran").exists()


def test_outside_of_a_source_tree_it_says_where_the_benches_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("voicestand.__file__", str(tmp_path / "site" / "voicestand" / "a.py"))
    with pytest.raises(VoicestandError, match="clone VoiceStand's repository"):
        benches.checkout()


def test_every_bench_of_this_source_tree_is_found() -> None:
    root = benches.checkout()
    chosen, left_out = benches.choose(root, [], quick=False)
    names = {bench.name for bench in chosen} | {one.name for one in left_out}
    files = {path.stem.removeprefix("bench_") for path in root.glob("benches/bench_*.py")}
    targets = {f"core-{path.stem}" for path in root.glob("rust/core/benches/*.rs")}
    assert names == files | targets
    assert set(benches.QUICK) <= files
    assert shutil.which("cargo")
