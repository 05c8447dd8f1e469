"""The devices that PortAudio offers, and the one that a name means."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from types import ModuleType
from typing import Literal, TypeVar

import msgspec

from voicestand.audio import jack_server
from voicestand.errors import DeviceError, InputError

INSTALL_PORTAUDIO = "sudo apt install libportaudio2"

NO_DEVICE = (
    "there is no audio input on this machine: no sound card, and no PipeWire, PulseAudio or JACK "
    "server answers; start one or plug in a microphone (files work without: "
    "voicestand run --input FILE, or --demo)"
)
"""What is wrong, and what to do, where PortAudio finds no input."""

NO_OUTPUT = (
    "there is no audio output on this machine: no sound card, and no PipeWire, PulseAudio or JACK "
    "server answers"
)
"""What is wrong where PortAudio finds no output."""

_MOST_NAMES = 12
"""A message is one line: more names than this are counted, not listed."""


_LISTS_WITHIN = 15.0
"""Seconds."""

_LIST = """
import sys
import msgspec
from voicestand.audio.devices import input_devices, output_devices
devices = {"input": input_devices, "output": output_devices}[sys.argv[1]](jack=True)
sys.stdout.buffer.write(msgspec.json.encode(devices))
"""

Kind = Literal["input", "output"]


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One direction of a device as PortAudio describes it."""

    index: int
    """PortAudio's number; valid in this process only."""
    name: str
    host_api: str
    """``ALSA``, ``JACK Audio Connection Kit``, …"""
    default_sample_rate: float
    """Hz."""
    is_default: bool
    """Whether PortAudio opens it where no device is named."""
    latency: float
    """Lowest latency that the device proposes for interactive use, seconds."""

    @property
    def is_jack(self) -> bool:
        """Whether it is a client of a JACK server."""
        return self.host_api.startswith("JACK")


class InputDevice(Device, frozen=True, kw_only=True):
    """Something to capture from."""

    max_input_channels: int


class OutputDevice(Device, frozen=True, kw_only=True):
    """Something to play to."""

    max_output_channels: int


AnyDevice = TypeVar("AnyDevice", bound=Device)


def load_portaudio(*, jack: bool = False) -> ModuleType:
    """The module ``sounddevice``, with PortAudio initialized; raises ``DeviceError`` if it cannot.

    ``jack``: whether it may connect this process with a JACK server. Only a process that does
    nothing but ask for devices may: when the server dies PortAudio hangs in the connection or ends
    the process by an assertion, and libjack reaches no other server.

    The first call initializes PortAudio, which asks every host API and freezes the device list for
    the life of the process. The libraries below it complain to file descriptor 2 about what is not
    there (``ALSA lib …``, ``jack server is not running``); sounddevice points that descriptor to
    ``/dev/null`` for just this moment. It belongs to the whole process: what another thread writes
    to stderr meanwhile is lost, so make the first call before there are threads that log.
    """
    # Looking for a server must not start one: jackd would take the sound card for itself.
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    try:
        with nullcontext() if jack else jack_server.unseen():
            import sounddevice
    except OSError as error:
        raise DeviceError(
            f"the library PortAudio is missing ({error}): {INSTALL_PORTAUDIO}"
        ) from error
    except Exception as error:
        # The class PortAudioError cannot be imported from a module whose import it ended.
        if type(error).__name__ != "PortAudioError":
            raise
        raise DeviceError(f"PortAudio does not start ({error}): {NO_DEVICE}") from error
    module: ModuleType = sounddevice
    return module


def portaudio_is_loaded() -> bool:
    """Whether its device list has been made, and may be older than a device."""
    return "sounddevice" in sys.modules


def input_devices(*, jack: bool = False) -> list[InputDevice]:
    """The inputs in PortAudio's order, empty if there is none; ``jack`` as for ``load_portaudio``.

    Raises ``DeviceError`` if PortAudio itself is missing. The list is that of the first call in
    this process.
    """
    return _devices("input", InputDevice, jack=jack)


def output_devices(*, jack: bool = False) -> list[OutputDevice]:
    """The outputs in PortAudio's order, as ``input_devices``."""
    return _devices("output", OutputDevice, jack=jack)


def _devices(kind: Kind, device: type[AnyDevice], *, jack: bool) -> list[AnyDevice]:
    portaudio = load_portaudio(jack=jack)
    host_apis = [host_api["name"] for host_api in portaudio.query_hostapis()]
    default_index = portaudio.default.device[("input", "output").index(kind)]
    channels = f"max_{kind}_channels"
    return [
        device(
            index=found["index"],
            name=found["name"],
            host_api=host_apis[found["hostapi"]],
            default_sample_rate=found["default_samplerate"],
            is_default=found["index"] == default_index,
            latency=found[f"default_low_{kind}_latency"],
            **{channels: found[channels]},
        )
        for found in portaudio.query_devices()
        if found[channels] > 0
    ]


def fresh_inputs() -> list[InputDevice]:
    """The inputs there are now, asked by a process of its own, so that open streams live on.

    ``index`` is that process's number. Raises ``DeviceError`` if it does not answer.
    """
    return _fresh("input", InputDevice)


def _fresh(kind: Kind, device: type[AnyDevice]) -> list[AnyDevice]:
    try:
        done = subprocess.run(
            [sys.executable, "-c", _LIST, kind],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_LISTS_WITHIN,
            check=True,
        )
        return msgspec.json.decode(done.stdout, type=list[device])  # type: ignore[valid-type]
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError) as error:
        raise DeviceError(f"cannot list the audio {kind}s: {type(error).__name__}") from None


def find_input(name: str = "") -> InputDevice:
    """The input that ``name`` means; see ``find_among``.

    Raises ``DeviceError`` if there is no input at all, ``InputError`` if none matches or several
    do.
    """
    if not jack_server.answers():
        return find_among(name, input_devices())
    # JACK's clients are not in the list of this process.
    device = find_among(name, fresh_inputs())
    return device if device.is_jack else _own(device, input_devices(), "input")


def find_output(name: str = "") -> OutputDevice:
    """The output that ``name`` means, as ``find_input``."""
    if not jack_server.answers():
        return find_among(name, output_devices(), "output")
    device = find_among(name, _fresh("output", OutputDevice), "output")
    return device if device.is_jack else _own(device, output_devices(), "output")


def _own(device: AnyDevice, devices: list[AnyDevice], kind: Kind) -> AnyDevice:
    """What another process calls ``device`` in this one, whose numbers may be others."""
    for own in devices:
        if (own.host_api, own.name) == (device.host_api, device.name):
            return own
    raise DeviceError(f"the {kind} device {device.name!r} has just gone")


def find_among(name: str, devices: list[AnyDevice], kind: Kind = "input") -> AnyDevice:
    """The one of ``devices`` that ``name`` means.

    In this order: ``""`` is the default one (the first, if PortAudio has no default); the
    exact name; the name in other case; the index; a part of the name in any case; ``hostapi:name``,
    where the beginning of the host API's name is enough (``jack:system``). What several devices of
    one step match is the one in the default device's host API.

    Raises ``DeviceError`` if there is no device at all, ``InputError`` if none matches or several
    still do: the wrong microphone is worse than a question.
    """
    if not devices:
        raise DeviceError(NO_DEVICE if kind == "input" else NO_OUTPUT)
    preferred = next((device for device in devices if device.is_default), devices[0])
    if not name.strip():
        return preferred
    matching = _matching(name.strip(), devices)
    if not matching:
        raise InputError(f"there is no {kind} device {name!r}: there is {_listed(devices)}")
    if len(matching) > 1:
        in_default_api = [d for d in matching if d.host_api == preferred.host_api]
        matching = in_default_api or matching
    if len(matching) > 1:
        raise InputError(
            f"the {kind} device {name!r} may be {_listed(matching)}: "
            "give the whole name or the index"
        )
    return matching[0]


def _matching(name: str, devices: list[AnyDevice]) -> list[AnyDevice]:
    """The devices of the first step that has any. Names may hold colons, so host APIs come last."""
    folded = name.casefold()
    steps: tuple[Callable[[AnyDevice], bool], ...] = (
        lambda device: device.name == name,
        lambda device: device.name.casefold() == folded,
        lambda device: str(device.index) == name,
        # A number is an index and never "the device with a 1 in its name".
        lambda device: folded in device.name.casefold() and not folded.isdigit(),
    )
    for step in steps:
        if found := [device for device in devices if step(device)]:
            return found
    host_api, colon, rest = folded.partition(":")
    if not colon or not host_api:
        return []
    of_api = [device for device in devices if device.host_api.casefold().startswith(host_api)]
    return _matching(rest.strip(), of_api) if rest.strip() else of_api


def _listed(devices: Sequence[Device]) -> str:
    named = [f"{d.name!r} ({d.host_api}, index {d.index})" for d in devices[:_MOST_NAMES]]
    more = len(devices) - len(named)
    return ", ".join(named) + (f" and {more} more (see voicestand devices)" if more else "")
