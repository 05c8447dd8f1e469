"""Installing, removing and looking at the service."""

from __future__ import annotations

import msgspec

from voicestand.daemon.systemctl import systemctl
from voicestand.daemon.unit import NAME, unit, unit_path
from voicestand.errors import StorageError

_SHOWN = ("LoadState", "UnitFileState", "ActiveState", "SubState", "MainPID", "StatusText")


class ServiceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What systemd says of the service."""

    unit: str
    """Path of the unit."""
    installed: bool
    enabled: bool
    """Whether it is started with the user's session."""
    active: str
    """``active``, ``inactive``, ``failed``, ``activating`` or ``deactivating``."""
    pid: int | None
    doing: str
    """What the service says of itself."""


def install(command: list[str]) -> None:
    """Writes the unit that runs ``command``, and has it started now and with each session.

    Safe to repeat. Raises ``VoicestandError``; without a systemd nothing is written.
    """
    systemctl("show", "--property=Version")
    path = unit_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(unit(command))
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}") from None
    systemctl("daemon-reload")
    systemctl("enable", NAME)
    systemctl("restart", NAME)


def remove() -> None:
    """Stops the service and removes its unit. Safe to repeat; raises ``VoicestandError``."""
    path = unit_path()
    if path.exists():
        systemctl("disable", "--now", NAME)
        try:
            path.unlink()
        except OSError as error:
            raise StorageError(f"cannot remove {path}: {error.strerror}") from None
    systemctl("daemon-reload")


def status() -> ServiceStatus:
    """What systemd says of it now. Raises ``VoicestandError``."""
    answer = systemctl("show", NAME, f"--property={','.join(_SHOWN)}")
    found = dict(line.partition("=")[::2] for line in answer.splitlines())
    return ServiceStatus(
        unit=str(unit_path()),
        installed=found.get("LoadState") == "loaded",
        enabled=found.get("UnitFileState") == "enabled",
        active=found.get("ActiveState", "unknown"),
        pid=int(found.get("MainPID") or 0) or None,
        doing=found.get("StatusText", ""),
    )
