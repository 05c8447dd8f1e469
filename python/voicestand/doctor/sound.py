"""Sound servers and inputs. Without either, files can still be transcribed."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from voicestand.audio.devices import INSTALL_PORTAUDIO
from voicestand.doctor.check import Check
from voicestand.doctor.probe import ProbeError, ask

START = "systemctl --user start pipewire pipewire-pulse, or pulseaudio --start"
RESTART = "restart the sound server (systemctl --user restart pipewire pipewire-pulse)"

NO_SERVER = "no sound server answers"

_SECONDS_TO_CONNECT = 2.0

_LIST_INPUTS = """
import json
from voicestand.audio.devices import input_devices, load_portaudio
from voicestand.errors import DeviceError
try:
    version = load_portaudio(jack=True).get_portaudio_version()[1]
    inputs = [[d.name, d.host_api, d.is_default] for d in input_devices(jack=True)]
    print(json.dumps({"version": version, "inputs": inputs}))
except DeviceError as error:
    print(json.dumps({"error": str(error)}))
"""


def answering() -> str:
    """The servers whose sockets accept a connection, in words; empty if there is none."""
    sockets = dict(_sockets(os.environ, os.getuid()))
    found = [server for server, path in sockets.items() if _accepts(path)]
    if found:
        return f"{', '.join(found)} answers"
    remote = os.environ.get("PULSE_SERVER", "")
    if remote and "PulseAudio" not in sockets:
        return f"PulseAudio on {remote} (PULSE_SERVER; not tried)"
    return ""


def server() -> list[Check]:
    """Whether there is a server. Where there is none, no other check complains of it again."""
    name = "sound server"
    if found := answering():
        return [Check(name, "ok", found)]
    return [
        Check(
            name,
            "warning",
            "no PipeWire, PulseAudio or JACK server answers; audio comes from files, or from a "
            "sound card directly",
            START,
        )
    ]


def inputs() -> list[Check]:
    """PortAudio and what it can capture from, asked in a process of its own."""
    library, name = "PortAudio", "audio input"
    try:
        answer = ask(_LIST_INPUTS)
    except ProbeError as error:
        return [Check(library, "warning", f"listing the inputs failed: {error}", RESTART)]
    if "error" in answer:
        message = str(answer["error"])
        fix = INSTALL_PORTAUDIO if INSTALL_PORTAUDIO in message else ""
        return [
            Check(library, "error" if fix else "warning", message.removesuffix(f": {fix}"), fix)
        ]
    found = [Check(library, "ok", str(answer["version"]).partition(",")[0])]
    if not answer["inputs"]:
        if not answering():
            message = f"none: {NO_SERVER}; files can be transcribed, voicestand run --demo works"
            return [*found, Check(name, "ok", message)]
        message = "no microphone or other input is there; files can be transcribed"
        fix = "plug in a microphone and start the sound server; voicestand run --demo needs neither"
        return [*found, Check(name, "warning", message, fix)]
    defaults = [f"{d} ({api})" for d, api, is_default in answer["inputs"] if is_default]
    count = len(answer["inputs"])
    message = f"{count} input{'s' if count > 1 else ''}, default: {''.join(defaults) or 'none'}"
    return [*found, Check(name, "ok", message)]


def _sockets(environ: Mapping[str, str], user: int) -> Iterator[tuple[str, Path]]:
    """Where each server listens: the rules of libpipewire, libpulse and libjack."""
    runtime = Path(environ.get("XDG_RUNTIME_DIR") or f"/run/user/{user}")
    yield "PipeWire", runtime / (environ.get("PIPEWIRE_REMOTE") or "pipewire-0")
    address = environ.get("PULSE_SERVER", "").removeprefix("unix:")
    if address.startswith("/"):
        yield "PulseAudio", Path(address)
    elif not address:
        yield "PulseAudio", Path(environ.get("PULSE_RUNTIME_PATH") or runtime / "pulse") / "native"
    jack = environ.get("JACK_DEFAULT_SERVER") or "default"
    yield "JACK", Path(f"/dev/shm/jack_{jack}_{user}_0")


def _accepts(path: Path) -> bool:
    # The file alone proves nothing: a server that was killed leaves it behind.
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_SECONDS_TO_CONNECT)
        try:
            client.connect(str(path))
        except OSError:  # nobody listens, no such file, or a path too long for a socket
            return False
    return True
