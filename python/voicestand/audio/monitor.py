"""What this machine plays, as a source: the monitor of the default sink."""

from __future__ import annotations

import os
import shutil
import subprocess

from voicestand.audio.device import DeviceSource, Wanted
from voicestand.audio.devices import find_input
from voicestand.audio.source import OTHER
from voicestand.config import AudioSettings
from voicestand.errors import DeviceError, InputError

_PULSE = "ALSA:pulse"
"""The device through which PortAudio reaches the sound server."""

_ASKING = 5.0
"""Seconds the sound server may take to answer."""


def monitor_name() -> str:
    """The monitor of the default sink, as the sound server names it.

    Raises ``DeviceError`` where there is no PulseAudio or PipeWire server to ask.
    """
    if shutil.which("pactl") is None:
        raise DeviceError(
            "system audio needs pactl to find what is played: sudo apt install pulseaudio-utils"
        )
    sink = _pactl("get-default-sink")
    monitor = f"{sink}.monitor"
    # PortAudio opens whatever source the server falls back to for an unknown name, and that is the
    # microphone: so the name must be one of a source that exists.
    names = [
        line.split("\t")[1] for line in _pactl("list", "short", "sources").splitlines() if line
    ]
    if not sink or monitor not in names:
        raise DeviceError(f"the default output {sink!r} has no monitor: nothing to hear of it")
    return monitor


def open_monitor(settings: AudioSettings) -> DeviceSource:
    """The monitor of the default sink as the far end of the conversation, role ``other``.

    It goes through ALSA's ``pulse`` device, for PortAudio lists no monitors. Raises ``DeviceError``
    if there is none.
    """

    def find() -> Wanted:
        name = monitor_name()
        return Wanted(device=find_input(_PULSE), pulse_source=name)

    try:
        return DeviceSource(_PULSE, settings, role=OTHER, find=find)
    except InputError:
        raise DeviceError(
            "system audio needs ALSA's pulse device: sudo apt install libasound2-plugins"
        ) from None


def _pactl(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["pactl", *arguments],
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=_ASKING,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeviceError(f"cannot ask the sound server what it plays: {error}") from None
    if done.returncode:
        reason = " ".join(done.stderr.split())
        raise DeviceError(f"cannot ask the sound server what it plays: {reason}")
    return done.stdout.strip()
