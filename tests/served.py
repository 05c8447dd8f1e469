"""A server of the tests in a process of its own, told what to do and asked what it was asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener


class Served:
    """``python -m MODULE``, which says its port in its first line and ends with its stdin.

    It takes a plan at /plan, for each of its NAMEs, gives what it was asked since at /asked, and
    answers /come/N once there were N requests. A NAME's address is /NAME/v1.
    """

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.root = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def url(self, name: str) -> str:
        return f"{self.root}/{name}/v1"

    def plan(self, **plans: dict[str, Any]) -> None:
        """Forgets what was, and serves these."""
        self.open("/plan", json.dumps(plans).encode())

    def wait_for(self, requests: int) -> None:
        """Returns once there were so many since the plan."""
        self.open(f"/come/{requests}")

    @property
    def asked(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.open("/asked")
        return found

    def open(self, path: str, body: bytes | None = None) -> Any:
        """What it answers; with a body it is posted."""
        headers = {"Content-Type": "application/json"}
        request = Request(self.root + path, data=body, headers=headers)
        with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:
            return json.load(answer)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
