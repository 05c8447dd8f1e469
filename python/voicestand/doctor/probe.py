"""Asking foreign code something in a process of its own, since it may hang or crash."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

SECONDS = 20.0
"""Loading the plugins of an inference runtime from a slow disk takes several."""


class ProbeError(Exception):
    """No answer; the message says in a few words why."""


def ask(program: str, seconds: float = SECONDS) -> Any:
    """What the Python program prints last, decoded from JSON.

    Raises ``ProbeError`` if it does not end within ``seconds``, dies, fails or prints no JSON.
    """
    try:
        # -P: a file named json.py in the current folder is not ours to run.
        done = subprocess.run(
            [sys.executable, "-P", "-c", program],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProbeError(f"no answer within {seconds:.0f} s") from error
    except OSError as error:
        raise ProbeError(f"no process can be started: {error}") from error
    if done.returncode < 0:
        raise ProbeError(f"it crashed with {signal.Signals(-done.returncode).name}")
    output = (done.stdout if done.returncode == 0 else done.stderr).decode(errors="replace")
    last = output.strip().rpartition("\n")[2]
    if done.returncode != 0:
        raise ProbeError(last or f"it ended with exit code {done.returncode}")
    try:
        return json.loads(last)
    except ValueError as error:
        raise ProbeError(f"it answered {last[:80]!r}") from error
