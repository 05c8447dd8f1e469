"""The service manager of this user, asked by its own tool."""

from __future__ import annotations

import os
import shutil
import subprocess

from voicestand.errors import VoicestandError

_ASKING = 120.0
"""Seconds; to start the service is to wait until it is ready, to stop it until all is written."""


def systemctl(*arguments: str, seconds: float = _ASKING) -> str:
    """What ``systemctl --user`` prints.

    Raises ``VoicestandError`` where there is no systemd, no manager of this user, or it refuses.
    """
    if shutil.which("systemctl") is None:
        raise VoicestandError(
            "there is no systemd here (no systemctl): start voicestand run --daemon by what "
            "starts services on this machine"
        )
    try:
        done = subprocess.run(
            ["systemctl", "--user", "--no-pager", *arguments],
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VoicestandError(f"systemctl {' '.join(arguments)}: {error}") from None
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        if "connect to bus" in said:
            raise VoicestandError(
                f"no systemd of this user runs here ({said}): log in on a desktop or by ssh, not "
                "by su or in a container; voicestand run --daemon works without it"
            )
        raise VoicestandError(f"systemctl {' '.join(arguments)}: {said}")
    return done.stdout
