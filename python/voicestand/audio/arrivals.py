"""Devices that come after PortAudio has made its list, which it does once in a process."""

from __future__ import annotations

from voicestand.audio.devices import (
    InputDevice,
    find_among,
    find_input,
    fresh_inputs,
    input_devices,
    portaudio_is_loaded,
)
from voicestand.audio.portaudio_stream import refresh_devices, refresh_devices_if_idle
from voicestand.errors import DeviceError, InputError


def find_input_now(name: str) -> InputDevice:
    """The input that ``name`` means, also one that has come since the list was made.

    Raises as ``find_input`` does, and ``DeviceError`` for a new one beside open streams, which a
    new list would end.
    """
    list_may_be_old = portaudio_is_loaded()
    try:
        return find_input(name)
    except InputError:
        if not list_may_be_old:
            raise
    device = find_among(name, fresh_inputs())
    if not refresh_devices_if_idle():
        raise DeviceError(
            f"{device.name} ({device.host_api}) has come since this program looked for devices: it "
            "can be opened once the program has no other device open"
        )
    return find_input(name)


def see_input(name: str) -> None:
    """Lets PortAudio make a new list if the input that ``name`` means is not in it; ends streams.

    Raises as ``find_among`` does.
    """
    known = {(device.host_api, device.name) for device in input_devices()}
    device = find_among(name, fresh_inputs())
    if (device.host_api, device.name) not in known:
        refresh_devices()
