"""Runs benches, one after the other, each in a process of its own, and gathers their records."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from voicestand.bench.benches import LONGEST, LONGEST_BUILD, Bench, LeftOut
from voicestand.bench.record import VARIABLE, Record, parse

FAREWELL = 10.0
"""Seconds a bench that is stopped has to stop its audio servers."""

MOST_OUTPUT = 20_000
"""Characters kept of what a bench printed: its end."""

_NO_MODULE = re.compile(r"No module named '([\w.]+)'")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one bench."""

    bench: str
    seconds: float
    records: list[Record]
    trouble: list[str]
    """What went wrong, a line each."""
    left_out: list[LeftOut]
    printed: str


def run(bench: Bench, root: Path, longest: float = LONGEST) -> Outcome:
    """Runs one bench of the source tree ``root``, for ``longest`` seconds at most."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="voicestand-bench-") as folder:
        lines = Path(folder) / "records"
        lines.touch()
        env = os.environ | {VARIABLE: str(lines), "CARGO_TERM_COLOR": "never"}
        code, printed = _finish(bench.build, root, env, LONGEST_BUILD) if bench.build else (0, "")
        if code == 0:
            code, printed = _finish(bench.command, root, env, longest)
        records, damaged = parse(lines.read_bytes())
    trouble, left_out = damaged, []
    if code is None:
        trouble.append(f"was stopped after {time.monotonic() - began:.0f} s: it did not end")
    elif missing := _NO_MODULE.search(printed) if code else None:
        module = missing[1].partition(".")[0]
        needs = f"needs {module}, which is not installed: pip install --group bench"
        left_out.append(LeftOut(bench.name, needs))
    elif code:
        trouble.append(f"ended with {code}: {_reason(printed)}")
    elif not records:
        left_out.append(LeftOut(bench.name, _skipped(printed) or "has told no figure"))
    return Outcome(
        bench=bench.name,
        seconds=time.monotonic() - began,
        records=records,
        trouble=trouble,
        left_out=left_out,
        printed=printed[-MOST_OUTPUT:],
    )


def run_all(
    benches: Sequence[Bench], root: Path, tell: Callable[[int, Bench], object]
) -> list[Outcome]:
    """Runs them in turn; calls ``tell`` with the number and the bench before each."""
    outcomes = []
    for number, bench in enumerate(benches):
        tell(number, bench)
        outcomes.append(run(bench, root))
    return outcomes


def _finish(
    command: Sequence[str], root: Path, env: Mapping[str, str], longest: float
) -> tuple[int | None, str]:
    """The exit code, ``None`` if it had to be stopped, and what it printed."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        code: int | None = None
        try:
            code = process.wait(longest)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if process.poll() is None:
                _stop(process)
            _signal(process, signal.SIGKILL)  # whatever it has left behind
        output.seek(0)
        printed = output.read().decode(errors="replace")
    return code, _ESCAPES.sub("", printed)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the bench and all it has started; as after Ctrl-C, so that it cleans up."""
    _signal(process, signal.SIGINT)
    try:
        process.wait(FAREWELL)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _reason(printed: str) -> str:
    """The line that says most about a failure."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    for line in reversed(lines):
        if line.startswith(("FAILED ", "ERROR ", "error:", "error[")):
            return line
    return lines[-1] if lines else "it printed nothing"


def _skipped(printed: str) -> str:
    """Why pytest left tests out."""
    reasons = re.findall(r"^SKIPPED \[\d+\] [^:]+:\d+: (.+)$", printed, re.MULTILINE)
    return "; ".join(dict.fromkeys(reasons))
