"""Machines that tests make up: the ``sys/`` of a few kinds of cores, with a temperature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def machine(
    root: Path,
    *,
    performance: Sequence[int],
    efficiency: Sequence[int] = (),
    low_power: Sequence[int] = (),
) -> Path:
    """A machine of CPUs with one thread each, as a kernel that names the kinds describes it."""
    devices = root / "sys" / "devices"
    kinds = {"cpu_core": performance, "cpu_atom": efficiency, "cpu_lowpower": low_power}
    if efficiency or low_power:
        for kind, cpus in kinds.items():
            if cpus:
                _write(devices / kind / "cpus", ",".join(map(str, cpus)))
    every = [*performance, *efficiency, *low_power]
    _write(devices / "system" / "cpu" / "online", ",".join(map(str, every)))
    for cpu in every:
        siblings = devices / "system" / "cpu" / f"cpu{cpu}" / "topology" / "thread_siblings_list"
        _write(siblings, str(cpu))
    return root


def heat(root: Path, celsius: float) -> None:
    """Sets the temperature of the machine's package."""
    zone = root / "sys" / "class" / "thermal" / "thermal_zone0"
    _write(zone / "type", "x86_pkg_temp")
    _write(zone / "temp", str(round(1000 * celsius)))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A reader never sees half a file.
    new = path.with_name(f"{path.name}.new")
    new.write_text(f"{text}\n")
    new.rename(path)
