"""The systemd user unit of ``voicestand run --daemon``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

NAME = "voicestand.service"

# NB: what is not here is missing for a reason. PrivateDevices would hide /dev/accel and /dev/dri;
# whatever needs a mount namespace (ProtectSystem, ProtectHome, PrivateTmp) comes with a user
# namespace in a user's units, in which the groups render and audio mean nothing, and hides
# PipeWire's socket or the journal; RestrictRealtime takes the audio threads' priority;
# MemoryDenyWriteExecute stops OpenVINO, which compiles for the CPU that it finds.
_TEMPLATE = """\
[Unit]
Description=VoiceStand: captions and coaching for calls
After=pipewire.service pipewire-pulse.service wireplumber.service pulseaudio.service

[Service]
Type=notify
ExecStart={command}
WatchdogSec=60
Restart=on-failure
RestartSec=5
# Settings that cannot be used are not better the next time.
RestartPreventExitStatus=2
# Only the engine is told to end: its recognizers are still needed then.
KillMode=mixed
TimeoutStopSec=120

UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=default.target
"""


def unit_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where a user's own units are: ``$XDG_CONFIG_HOME/systemd/user``."""
    base = environ.get("XDG_CONFIG_HOME")
    folder = Path(base) if base else Path.home() / ".config"
    return folder / "systemd" / "user" / NAME


def unit(command: Sequence[str]) -> str:
    """The text of the unit that runs ``command``."""
    return _TEMPLATE.format(command=" ".join(map(_quoted, command)))


def _quoted(argument: str) -> str:
    """As an argument in ``ExecStart``: systemd.service(5), "Command lines"."""
    for special, instead in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$"), ("\n", "\\n")):
        argument = argument.replace(special, instead)
    return f'"{argument}"'
