"""Which device a name means, and what a person is told where there is none."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestand.audio import devices, jack_server
from voicestand.audio.devices import find_input, input_devices
from voicestand.errors import DeviceError, InputError

ALSA, JACK = "ALSA", "JACK Audio Connection Kit"
DESKTOP = [
    ("HDA Intel PCH: ALC257 Analog (hw:0,0)", ALSA, 2),
    ("HDMI 0", ALSA, 0),
    ("Blue Yeti: USB Audio (hw:1,0)", ALSA, 2),
    ("pulse", ALSA, 32),
    ("default", ALSA, 32),
    ("system", JACK, 2),
    ("Blue Yeti", JACK, 2),
    ("default monitor", JACK, 2),
]

Listed = list[tuple[str, str, int]]
"""Name, host API and input channels of each device."""

Offer = Callable[..., None]


def portaudio_with(listed: Listed, default: int) -> Callable[..., SimpleNamespace]:
    host_apis = [ALSA, "OSS", JACK]
    portaudio = SimpleNamespace(
        default=SimpleNamespace(device=[default, -1]),
        query_hostapis=lambda: [{"name": name} for name in host_apis],
        query_devices=lambda: [
            {
                "index": index,
                "name": name,
                "hostapi": host_apis.index(host_api),
                "max_input_channels": channels,
                "default_samplerate": 48000.0,
                "default_low_input_latency": 0.01,
            }
            for index, (name, host_api, channels) in enumerate(listed)
        ],
    )
    return lambda **_: portaudio


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Offer:
    """Makes PortAudio offer the given devices."""

    def set_devices(listed: Listed, default: int = -1) -> None:
        monkeypatch.setattr(devices, "load_portaudio", portaudio_with(listed, default))
        monkeypatch.setattr(jack_server, "answers", lambda: False)

    return set_devices


def test_outputs_are_not_listed(offer: Offer) -> None:
    offer(DESKTOP, default=4)
    assert "HDMI 0" not in [device.name for device in input_devices()]
    assert [device.name for device in input_devices() if device.is_default] == ["default"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("", "default"),
        ("  ", "default"),
        ("default", "default"),  # not the name of which it is a part
        ("DEFAULT", "default"),
        ("system", "system"),
        ("Blue Yeti", "Blue Yeti"),  # exact, although in the other host API
        ("yeti", "Blue Yeti: USB Audio (hw:1,0)"),  # a part of two: the default host API's
        ("hw:0,0", "HDA Intel PCH: ALC257 Analog (hw:0,0)"),  # a colon that names no host API
        ("hda intel pch: alc", "HDA Intel PCH: ALC257 Analog (hw:0,0)"),
        ("jack:yeti", "Blue Yeti"),
        ("JACK: system", "system"),
        ("alsa:default", "default"),
        ("3", "pulse"),
    ],
)
def test_a_name_means_what_its_user_expects(offer: Offer, name: str, meant: str) -> None:
    offer(DESKTOP, default=4)
    assert find_input(name).name == meant


def test_an_ambiguous_name_is_answered_with_the_candidates(offer: Offer) -> None:
    offer([("USB mic A", ALSA, 1), ("USB mic B", ALSA, 1), ("default", ALSA, 1)], default=2)
    with pytest.raises(InputError, match=r"'usb' may be 'USB mic A' .*, 'USB mic B' .*index 1"):
        find_input("usb")


def test_equal_names_are_told_apart_by_index(offer: Offer) -> None:
    offer([("mic", ALSA, 1), ("mic", ALSA, 1)], default=0)
    with pytest.raises(InputError, match=r"index 0.*index 1"):
        find_input("mic")
    assert find_input("1").index == 1


@pytest.mark.parametrize("name", ["nothing", "99", "-1", "1", "jack:hda", "oss:default", "x:"])
def test_an_unknown_name_is_answered_with_what_there_is(offer: Offer, name: str) -> None:
    offer(DESKTOP, default=4)
    with pytest.raises(InputError, match=r"there is 'HDA Intel.*'system'") as caught:
        find_input(name)
    assert repr(name) in str(caught.value)


def test_a_long_list_of_devices_is_cut_with_its_rest_counted(offer: Offer) -> None:
    offer([(f"mic {n}", ALSA, 1) for n in range(40)], default=0)
    with pytest.raises(InputError, match="and 28 more"):
        find_input("nothing")


def test_without_a_default_the_first_input_is_meant(offer: Offer) -> None:
    offer([("speaker", ALSA, 0), ("mic", ALSA, 1)])
    assert find_input().name == "mic"


@pytest.mark.parametrize("name", ["", "default", "3"])
def test_without_any_input_the_user_is_told_what_to_do(offer: Offer, name: str) -> None:
    offer([("speaker", ALSA, 0)])
    assert input_devices() == []
    with pytest.raises(DeviceError, match=r"start one or plug in.*--demo") as caught:
        find_input(name)
    assert "\n" not in str(caught.value)


names = st.text(min_size=1, max_size=12).filter(lambda name: name == name.strip())
offers = st.lists(st.tuples(names, st.sampled_from([ALSA, JACK]), st.integers(0, 2)), max_size=8)


@given(listed=offers, default=st.integers(-1, 8), name=st.text(max_size=12))
def test_any_name_is_a_device_or_one_line(listed: Listed, default: int, name: str) -> None:
    with (
        mock.patch.object(devices, "load_portaudio", portaudio_with(listed, default)),
        mock.patch.object(jack_server, "answers", return_value=False),
    ):
        inputs = input_devices()
        try:
            assert find_input(name) in inputs
        except DeviceError:
            assert not inputs
        except InputError as error:
            line = str(error)
            assert inputs
            assert "\n" not in line
        for device in inputs:
            if sum(other.name == device.name for other in inputs) == 1:
                assert find_input(device.name) == device


def _import_fails_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def failing_import(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "sounddevice":
            raise error
        return real_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", failing_import)


def test_a_missing_portaudio_is_answered_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _import_fails_with(OSError("PortAudio library not found"), monkeypatch)
    with pytest.raises(DeviceError, match=r"sudo apt install libportaudio2$"):
        input_devices()


def test_a_portaudio_that_does_not_start_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    failure = type("PortAudioError", (Exception,), {})("Error initializing PortAudio")
    _import_fails_with(failure, monkeypatch)
    with pytest.raises(DeviceError, match=r"^PortAudio does not start \(Error initializing"):
        input_devices()


def test_looking_for_devices_prints_nothing_and_starts_no_server() -> None:
    program = (
        "import os, sys; from voicestand.audio.devices import InputDevice, input_devices;"
        "assert all(isinstance(device, InputDevice) for device in input_devices());"
        "assert os.environ['JACK_NO_START_SERVER'] == '1'"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"JACK_DEFAULT_SERVER": "vs-no-server-of-this-name"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
