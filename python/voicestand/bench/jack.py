"""A JACK server of our own, without hardware: the dummy driver, which runs in real time."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voicestand.errors import DeviceError

READY_WITHIN = 10.0


@contextmanager
def running(period: int, log: Path) -> Iterator[dict[str, str]]:
    """The environment in which JACK at 48 kHz, ``period`` frames, is the only audio server.

    Raises ``DeviceError`` if it is not installed or does not start.
    """
    if shutil.which("jackd") is None:
        raise DeviceError("needs jackd: apt install --no-install-recommends jackd2")
    name = f"vs-{uuid.uuid4().hex[:12]}"
    env = os.environ | {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1"}
    for priority in (["-R", "-P", "60"], ["-r"]):
        command = ["jackd", "-n", name, "-p", "32", *priority]
        command += ["-d", "dummy", "-r", "48000", "-p", str(period)]
        with log.open("wb") as output:
            server = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            if _answers(server, env):
                yield env
                return
        finally:
            _end(server)
    raise DeviceError(f"jackd did not start: {_last_line(log)}")


def _answers(server: subprocess.Popen[bytes], env: dict[str, str]) -> bool:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and server.poll() is None:
        listed = subprocess.run(["jack_lsp"], env=env, capture_output=True, timeout=10, check=False)
        if listed.returncode == 0:
            return True
        time.sleep(0.1)
    return False


def _end(server: subprocess.Popen[bytes]) -> None:
    # Asked, not killed: a server that is killed keeps its place in the machine's list of eight.
    if server.poll() is None:
        server.terminate()
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
