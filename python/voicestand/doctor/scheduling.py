"""What the scheduler and the kernel's limits grant the audio threads."""

from __future__ import annotations

import os
import resource
import threading

from voicestand.doctor.check import Check
from voicestand.doctor.probe import ProbeError, ask

_LEAST_LOCKED = 8 * 1024 * 1024
"""Bytes of RLIMIT_MEMLOCK; the default of systemd, and more than the pools of a session take."""


def topology() -> list[Check]:
    """The kinds of cores, and by which evidence."""
    from voicestand import _native

    found = _native.topology(None)
    counts = (
        (found["performance"], "performance"),
        (found["efficiency"], "efficiency"),
        (found["low_power"], "low-power"),
    )
    kinds = ", ".join(f"{len(cpus)} {kind}" for cpus, kind in counts if cpus)
    return [Check("CPU topology", "ok", f"{kinds} CPUs (source: {found['source']})")]


def instruction_set() -> list[Check]:
    """Which vector instructions the signal processing uses."""
    from voicestand import _native

    name = "vector instructions"
    try:
        chosen = _native.instruction_set()
    except ValueError as error:
        return [Check(name, "error", str(error), "unset VOICESTAND_SIMD, or name one of these")]
    forced = " (by VOICESTAND_SIMD)" if "VOICESTAND_SIMD" in os.environ else ""
    if chosen == "scalar" and not forced:
        message = "none of AVX2 and AVX-512: signal processing takes several times as long"
        return [Check(name, "ok", message)]
    return [Check(name, "ok", f"{chosen}{forced}")]


def placement() -> list[Check]:
    """Which CPUs the threads of a call are kept to, and whether the system lets them be."""
    from voicestand import cpu
    from voicestand.cpu.placement import written

    name, plan = "placement", cpu.plan(realtime=2, background=2)
    if not plan.separate:
        message = (
            f"nothing is pinned: CPUs {written(plan.background)} are too few to set some apart"
        )
        return [Check(name, "ok", message)]
    refusals: list[str] = []

    def attempt() -> None:
        try:
            cpu.pin(plan.realtime[0])
        except (OSError, ValueError) as error:
            refusals.append(getattr(error, "strerror", None) or str(error))

    thread = threading.Thread(target=attempt)  # one that ends at once, and takes the pin along
    thread.start()
    thread.join()
    if refusals:
        return [
            Check(
                name,
                "warning",
                f"{refusals[0]}; recognizers may disturb the audio threads",
                "allow the system call sched_setaffinity in the container's seccomp profile",
            )
        ]
    engines = " and ".join(written(core) for core in plan.realtime)
    return [
        Check(
            name,
            "ok",
            f"granted: engines on CPUs {engines}, recognizers on {written(plan.background)}, "
            f"housekeeping on {written(plan.housekeeping)}",
        )
    ]


def temperature() -> list[Check]:
    """Whether the package temperature can be read, which governs background work."""
    from voicestand import _native

    name, thermometer = "temperature", _native.Thermometer()
    if (celsius := thermometer.read()) is None:
        return [Check(name, "ok", "no package sensor; the processor protects itself alone")]
    limit = thermometer.limit
    return [Check(name, "ok", f"{celsius:.0f} °C; background work yields near {limit:.0f} °C")]


def realtime_priority() -> list[Check]:
    """Whether a thread gets real-time priority when it asks the kernel, or rtkit."""
    from voicestand import _native

    name, granted = "real-time priority", _native.realtime_permission()
    if granted == "realtime":
        return [Check(name, "ok", "granted: SCHED_FIFO")]
    try:
        # What rtkit grants limits the whole process that asks, so another one does.
        granted = ask("import json; from voicestand import cpu; print(json.dumps(cpu.promote()))")
    except ProbeError as error:
        granted = f"none ({error})"
    if granted == "rtkit":
        return [Check(name, "ok", "granted by rtkit")]
    instead = "a higher share of the CPU is" if granted == "nice" else "nothing is"
    limit = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
    return [
        Check(
            name,
            "warning",
            f"refused (RLIMIT_RTPRIO is {limit}, rtkit does not grant it), {instead} granted "
            "instead; on a busy machine audio may wait",
            "sudo apt install rtkit; or: echo '@audio - rtprio 90' | sudo tee "
            "/etc/security/limits.d/95-voicestand.conf && sudo usermod -aG audio $USER, then log "
            "in again",
        )
    ]


def locked_memory() -> list[Check]:
    """How much memory may be kept from being swapped out."""
    name = "locked memory"
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    if limit == resource.RLIM_INFINITY:
        return [Check(name, "ok", "unlimited")]
    message = f"{limit / 2**20:.0f} MiB may be locked"
    if limit >= _LEAST_LOCKED:
        return [Check(name, "ok", message)]
    return [
        Check(
            name,
            "warning",
            f"{message}; under memory pressure audio buffers may be swapped out",
            "echo '@audio - memlock 65536' | sudo tee -a /etc/security/limits.d/95-voicestand.conf"
            ", then log in again",
        )
    ]
