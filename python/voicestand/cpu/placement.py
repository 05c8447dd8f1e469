"""Which thread should run where."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike

import msgspec

from voicestand import _native


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """CPUs for each role, sorted; no list is empty."""

    realtime: list[list[int]]
    """For each real-time thread. Where ``separate``, each one physical core, used by no other role:
    performance cores first."""
    background: list[int]
    """For recognizers and voice activity: efficiency cores, if there are enough."""
    housekeeping: list[int]
    """For the conversation, the journal, the display: low-power cores, if there are any."""
    thrifty: list[int]
    """The part of ``background`` that is used while the machine is too hot."""
    separate: bool
    """Whether the roles are kept apart. Where cores are few they are not: every role is given every
    CPU, and nothing should be pinned."""


def plan(
    *,
    realtime: int = 1,
    background: int = 1,
    sysroot: str | PathLike[str] | None = None,
    allowed: Iterable[int] | None = None,
) -> Plan:
    """Where ``realtime`` threads that must keep time and ``background`` threads should run.

    ``realtime`` and ``background``: 0 to 1,024. ``sysroot``: as for :func:`topology`. ``allowed``:
    only these CPUs; where none of them exists, all; by default those this process may use. Raises
    ``ValueError`` for a number out of range or a folder that is no snapshot.
    """
    for name, count in (("realtime", realtime), ("background", background)):
        if not 0 <= count <= 1024:
            raise ValueError(f"{name}={count}: a plan is made for 0 to 1024 threads")
    only = None if allowed is None else _numbers(allowed)
    return Plan(**_native.plan(realtime, background, sysroot, allowed=only))


def _numbers(cpus: Iterable[int]) -> set[int]:
    numbers = set(cpus)
    if wrong := [cpu for cpu in numbers if cpu < 0]:
        raise ValueError(f"CPU {wrong[0]}: numbers begin at 0")
    return numbers


def written(cpus: Iterable[int]) -> str:
    """``[0, 1, 2, 5]`` as ``0-2,5``, the way the kernel writes it; ``none`` for no CPU."""
    ranges: list[list[int]] = []
    for cpu in sorted(cpus):
        if ranges and cpu == ranges[-1][1] + 1:
            ranges[-1][1] = cpu
        else:
            ranges.append([cpu, cpu])
    return ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in ranges) or "none"
