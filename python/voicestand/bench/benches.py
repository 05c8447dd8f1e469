"""The benches there are: those of the source tree, in Python and in Rust."""

from __future__ import annotations

import shutil
import sys
import tomllib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import msgspec

import voicestand
from voicestand.errors import InputError, VoicestandError

QUICK = {
    "coach": "percentiles and default",
    "import": "",
    "conditioning": "48000",
    "ring": "one_thread",
    "vad": "window",
}
"""The cheap benches, in Python, and which of their tests: seconds each, and nothing to compile."""

LONGEST = 1200.0
"""Seconds a bench may take; the longest ones capture for a minute a side and setting."""

LONGEST_BUILD = 1800.0
"""Seconds the compiler may take; the first time it builds every peer."""


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """One file of benches."""

    name: str
    command: tuple[str, ...]
    build: tuple[str, ...] = ()
    """To be run before, unmeasured."""


class LeftOut(msgspec.Struct, frozen=True):
    """What was not measured, why, and how to get it."""

    name: str
    reason: str


def checkout() -> Path:
    """The source tree around the working folder, else the one this package was installed from.

    Raises ``VoicestandError`` where there is none: the benches are no part of the package.
    """
    here = Path.cwd()
    package = Path(voicestand.__file__).resolve()
    for folder in (here, *here.parents, *package.parents):
        if (folder / "benches").is_dir() and _is_ours(folder / "pyproject.toml"):
            return folder
    raise VoicestandError(
        "there are no benches here: they come with the source tree, not with the installed "
        "package; clone VoiceStand's repository and run this inside it"
    )


def _is_ours(manifest: Path) -> bool:
    try:
        project = tomllib.loads(manifest.read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return False
    return isinstance(project, dict) and project.get("name") == "voicestand"


def choose(root: Path, only: Sequence[str], *, quick: bool) -> tuple[list[Bench], list[LeftOut]]:
    """The benches to run, and what is left out since a tool is missing.

    ``only``: names of benches, all if empty; with ``quick`` the cheap ones of them. Raises
    ``InputError`` for a name that is none.
    """
    python = sorted(file.stem.removeprefix("bench_") for file in root.glob("benches/bench_*.py"))
    rust = [] if quick else rust_benches(root)
    if quick:
        python = [name for name in python if name in QUICK]
    names = [*python, *(f"core-{name}" for name in rust)]
    for name in only:
        if name not in names:
            kind = "cheap bench" if quick else "bench"
            raise InputError(f"no {kind} {name!r}: choose from {', '.join(names) or 'none'}")
    wanted = set(only or names)
    chosen = [_python_bench(name, quick=quick) for name in python if name in wanted]
    chosen += [_rust_bench(name) for name in rust if f"core-{name}" in wanted]
    left_out = []
    if find_spec("pytest") is None or find_spec("pytest_benchmark") is None:
        left_out += _without(python, "pytest and pytest-benchmark: pip install --group dev")
    if shutil.which("cargo") is None:
        left_out += _without([f"core-{name}" for name in rust], "cargo: https://rustup.rs")
    left_out = [one for one in left_out if one.name in wanted]
    missing = {one.name for one in left_out}
    return [bench for bench in chosen if bench.name not in missing], left_out


def rust_benches(root: Path) -> list[str]:
    """The bench targets of the core's manifest."""
    try:
        manifest = tomllib.loads((root / "rust/core/Cargo.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return sorted(target["name"] for target in manifest.get("bench", []))


def _without(names: Sequence[str], what: str) -> list[LeftOut]:
    return [LeftOut(name, f"needs {what}") for name in names]


def _python_bench(name: str, *, quick: bool) -> Bench:
    command = [sys.executable, "-m", "pytest", f"benches/bench_{name}.py", "-q", "-s", "-ra"]
    command += ["--benchmark-disable-gc", "-p", "no:cacheprovider", f"-o=timeout={LONGEST:.0f}"]
    if quick and QUICK[name]:
        command += ["-k", QUICK[name]]
    return Bench(name=name, command=tuple(command))


def _rust_bench(name: str) -> Bench:
    command = ("cargo", "bench", "--quiet", "-p", "voicestand-core", "--bench", name)
    return Bench(name=f"core-{name}", command=command, build=(*command, "--no-run"))
