"""What comes out of the microphone, and whether it is one: a second of audio, really recorded."""

from __future__ import annotations

import math
from typing import Any

from voicestand.audio.devices import INSTALL_PORTAUDIO, NO_DEVICE
from voicestand.audio.sound_server import can_be_asked, default_source, sources
from voicestand.doctor.check import Check
from voicestand.doctor.probe import ProbeError, ask
from voicestand.doctor.sound import NO_SERVER, RESTART, START, answering
from voicestand.errors import DeviceError

# Audio of a device that hangs is waited for as long as a session does.
_LISTEN = """
import json, time
from voicestand.audio.device import SILENT_AFTER
from voicestand.audio.microphone import Microphone
from voicestand.config import load
from voicestand.errors import DeviceError, InputError
try:
    settings = load().audio
except InputError:
    from voicestand.config import AudioSettings
    settings = AudioSettings()
try:
    microphone = Microphone(settings.device, settings)
    microphone.start()
    reader = microphone.engine.speech_reader(1600)
    blocks = lambda: microphone.engine.books()["blocks"]
    deadline = time.monotonic() + SILENT_AFTER
    while not blocks() and time.monotonic() < deadline:
        time.sleep(0.05)
    if blocks():
        time.sleep(1.0)
    peak, rms, clipped = microphone.engine.levels()[0]
    answer = {"name": microphone.name, "blocks": blocks(), "peak": peak, "clipped": clipped}
    answer["is_default"] = not settings.device
    microphone.close()
except (DeviceError, InputError) as error:
    answer = {"error": str(error)}
print(json.dumps(answer))
"""

_SILENT_DBFS = -80.0
"""A microphone in a quiet room is above it: its own noise is around -70 dBFS."""

_MONITOR = ".monitor"

_INSTALL_PACTL = "sudo apt install pulseaudio-utils"
_UNMUTE = (
    "pactl set-source-mute @DEFAULT_SOURCE@ 0 && pactl set-source-volume @DEFAULT_SOURCE@ 80%; "
    "look for a mute key or switch, too"
)


def level() -> list[Check]:
    """How loud the microphone is for a second."""
    name = "microphone level"
    try:
        heard = ask(_LISTEN)
    except ProbeError as error:
        return [Check(name, "warning", f"listening to it failed: {error}", RESTART)]
    if "error" in heard:
        if any(cause in heard["error"] for cause in (NO_DEVICE, INSTALL_PORTAUDIO)):
            return [Check(name, "ok", "not looked at: there is no audio input")]
        return [Check(name, "warning", str(heard["error"]), "voicestand devices shows the inputs")]
    return [_judged(name, heard)]


def _judged(name: str, heard: dict[str, Any]) -> Check:
    device = heard["name"]
    if not heard["blocks"]:
        return Check(
            name,
            "warning",
            f"{device} opens and gives no audio: it is dead, or another program keeps it",
            "unplug it and plug it in again, or set audio.device to another one of "
            "voicestand devices",
        )
    peak = 20 * math.log10(heard["peak"]) if heard["peak"] > 0 else -math.inf
    if peak < _SILENT_DBFS and heard["is_default"] and _default_is_a_monitor():
        return Check(name, "ok", f"not looked at: {device} is what this machine plays, and silent")
    if peak < _SILENT_DBFS:
        return Check(
            name, "warning", f"{device} is silent: muted, or nothing is plugged in", _UNMUTE
        )
    if heard["clipped"]:
        message = f"{device} clips: it is too loud ({heard['clipped']} samples of a second)"
        return Check(name, "warning", message, "pactl set-source-volume @DEFAULT_SOURCE@ 50%")
    return Check(name, "ok", f"{device} gives audio, {peak:.0f} dBFS at most in a second")


def _default_is_a_monitor() -> bool:
    try:
        return default_source().endswith(_MONITOR)
    except DeviceError:
        return False


def not_a_monitor() -> list[Check]:
    """Whether what is recorded by default is a microphone, and not what this machine plays."""
    name = "microphone"
    try:
        default, found = default_source(), list(sources().values())
    except DeviceError:
        return [Check(name, "ok", "not looked at: no server that knows of monitors answers")]
    if not default.endswith(_MONITOR):
        return [Check(name, "ok", f"{default} is the default input, and no monitor of an output")]
    others = [source for source in found if not source.endswith(_MONITOR)]
    fix = f"pactl set-default-source {others[0]}" if others else "plug in a microphone"
    return [
        Check(
            name,
            "warning",
            f"the default input {default} is what this machine plays, not a microphone",
            fix,
        )
    ]


def system_audio() -> list[Check]:
    """Whether what this machine plays can be heard, for ``--system-audio``."""
    from voicestand.audio.monitor import monitor_name

    name = "system audio"
    try:
        return [Check(name, "ok", f"{monitor_name()} is what this machine plays")]
    except DeviceError as error:
        if not answering():
            return [Check(name, "ok", f"not looked at: {NO_SERVER}, and --system-audio needs one")]
        message = f"{error}; --system-audio has nothing to hear"
        return [Check(name, "warning", message, START if can_be_asked() else _INSTALL_PACTL)]
