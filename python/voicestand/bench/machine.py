"""What a run was measured on: a figure without its machine says nothing."""

from __future__ import annotations

import os
import platform
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from voicestand import __version__, _native

MISSING = "not installed"


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The machine and the versions of everything measured."""

    cpu: str
    cores: str
    kernel: str
    governor: str
    memory: str
    load: str
    """Of the last 1, 5 and 15 minutes before the run."""
    busy: bool
    """Whether something else took more than a quarter of the CPUs in the last minute."""
    versions: dict[str, str]
    peers: dict[str, str]
    """Version of each peer, ``not installed`` where it could not be measured beside us."""


def describe(root: Path | None) -> Machine:
    """This machine as it is now; with the source tree ``root`` also the versions of the peers."""
    load = " ".join(f"{average:.2f}" for average in os.getloadavg())
    versions = {
        "voicestand": __version__,
        "python": platform.python_version(),
        "numpy": installed("numpy"),
        "openvino": installed("openvino"),
        "pocketsphinx": installed("pocketsphinx"),
    }
    peers = {}
    if root is not None:
        versions["source"] = _said(["git", "describe", "--always", "--dirty", "--tags"], root)
        versions["rustc"] = _said(["rustc", "--version"], root).removeprefix("rustc ")
        peers = {**_python_peers(root), **_rust_peers(root)}
    return Machine(
        cpu=_field(Path("/proc/cpuinfo"), "model name") or platform.machine(),
        cores=_cores(),
        kernel=f"{platform.system()} {platform.release()}",
        governor=_governor(),
        memory=_field(Path("/proc/meminfo"), "MemTotal") or "not told",
        load=load,
        busy=os.getloadavg()[0] > len(os.sched_getaffinity(0)) / 4,
        versions=versions,
        peers=peers,
    )


def installed(package: str) -> str:
    """Its version, or that it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return MISSING


def _cores() -> str:
    found = _native.topology()
    kinds = {
        "performance": found["performance"],
        "efficiency": found["efficiency"],
        "low power": found["low_power"],
    }
    told = ", ".join(f"{len(cpus)} {kind}" for kind, cpus in kinds.items() if cpus)
    return f"{told}; {len(found['smt_siblings'])} pairs share a core"


def _governor() -> str:
    folder = Path("/sys/devices/system/cpu")
    governors = set()
    for file in folder.glob("cpu[0-9]*/cpufreq/scaling_governor"):
        try:
            governors.add(file.read_text().strip())
        except OSError:
            continue
    return ", ".join(sorted(governors)) or "not told (a virtual machine, or no cpufreq driver)"


def _field(file: Path, name: str) -> str:
    """The first value of ``name`` in a file of lines ``name : value``."""
    try:
        text = file.read_text(errors="replace")
    except OSError:
        return ""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return " ".join(value.split())
    return ""


def _said(command: list[str], root: Path) -> str:
    try:
        done = subprocess.run(
            command, cwd=root, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return MISSING
    return done.stdout.strip() or "not told"


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _python_peers(root: Path) -> dict[str, str]:
    """The packages of the dependency group ``bench``."""
    group = _toml(root / "pyproject.toml").get("dependency-groups", {}).get("bench", [])
    names = [one.partition(">")[0].partition("=")[0].strip() for one in group if type(one) is str]
    return {name: installed(name) for name in names}


def _rust_peers(root: Path) -> dict[str, str]:
    """The core's dev-dependencies, with what the lock file says: cargo builds just these."""
    manifest = _toml(root / "rust/core/Cargo.toml")
    locked = {one["name"]: one["version"] for one in _toml(root / "Cargo.lock").get("package", [])}
    return {name: locked.get(name, "not locked") for name in manifest.get("dev-dependencies", {})}
