"""What the scheduler and the kernel's limits grant the audio threads."""

from __future__ import annotations

import resource
from pathlib import Path

from voicestand.doctor.check import Check

_LEAST_LOCKED = 8 * 1024 * 1024
"""Bytes of RLIMIT_MEMLOCK; the default of systemd, and more than the pools of a session take."""

_RTKIT = ("/usr/libexec/rtkit-daemon", "/usr/lib/rtkit/rtkit-daemon", "/usr/lib/rtkit-daemon")


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


def realtime_priority() -> list[Check]:
    """Whether a thread of this process gets SCHED_FIFO when it asks."""
    from voicestand import _native

    name, granted = "real-time priority", _native.realtime_permission()
    if granted == "realtime":
        return [Check(name, "ok", "granted")]
    instead = "a higher share of the CPU is" if granted == "nice" else "nothing is"
    limit = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
    rtkit = "; rtkit is installed" if any(Path(file).exists() for file in _RTKIT) else ""
    return [
        Check(
            name,
            "warning",
            f"refused (RLIMIT_RTPRIO is {limit}), {instead} granted instead{rtkit}; on a busy "
            "machine audio may wait",
            "echo '@audio - rtprio 90' | sudo tee /etc/security/limits.d/95-voicestand.conf && "
            "sudo usermod -aG audio $USER, then log in again",
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
