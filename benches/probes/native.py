"""The native functions of ``rust/probes``, built when they are first needed."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "target" / "release" / "libvoicestand_probes.so"
BUILDS_WITHIN = 300
"""Seconds."""


def build() -> None:
    """Brings the library up to date. Raises ``FileNotFoundError`` without cargo."""
    if shutil.which("cargo") is None:
        raise FileNotFoundError("cargo is missing: https://rustup.rs")
    command = ["cargo", "build", "--quiet", "--release", "-p", "voicestand-probes"]
    command += ["--target-dir", str(ROOT / "target")]
    subprocess.run(command, cwd=ROOT, timeout=BUILDS_WITHIN, check=True)


@cache
def library() -> ctypes.CDLL:
    """The library, which ``build`` has built."""
    return ctypes.CDLL(str(LIBRARY))
