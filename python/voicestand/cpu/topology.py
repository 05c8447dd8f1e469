"""The kinds of cores of this machine, or of a snapshot of another."""

from __future__ import annotations

from os import PathLike

import msgspec

from voicestand import _native


class Topology(msgspec.Struct, frozen=True, kw_only=True):
    """The logical CPUs by kind, each in exactly one list, in order."""

    performance: list[int]
    """The fastest; on a uniform machine all."""
    efficiency: list[int]
    low_power: list[int]
    """Outside the reach of the third-level cache."""
    smt_siblings: list[tuple[int, int]]
    """Pairs that are threads of one core."""
    source: str
    """By which evidence the kinds were told apart, e.g. ``cpu_core`` or ``uniform``."""


def topology(sysroot: str | PathLike[str] | None = None) -> Topology:
    """The CPUs that this process may use, or those of the machine in the folder ``sysroot``.

    ``sysroot`` holds the ``sys/`` and ``proc/`` of a machine; files that are missing or damaged in
    it are evidence that is not there. Raises ``ValueError`` if it names no CPU at all.
    """
    return Topology(**_native.topology(sysroot))
