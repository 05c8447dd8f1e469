"""A device that comes while another one is heard is seen, and what is heard loses nothing by it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.real.test_run_device import pactl

if TYPE_CHECKING:
    from tests.real.conftest import AudioServer

pytestmark = pytest.mark.real

# Hears the default device, lets another one come, looks for it, tries to open it and goes on.
_PROGRAM = """
import json, pathlib, sys, threading
import voicestand as vs
from voicestand.audio.devices import fresh_inputs, input_devices

def names(devices):
    return [device.name for device in devices]

found, looked = {}, threading.Event()

def look():
    with pathlib.Path.home().joinpath(".asoundrc").open("a") as settings:
        settings.write('pcm.headset { type pulse device "headset.monitor" }\\n')
    found["fresh"], found["frozen"] = names(fresh_inputs()), names(input_devices())
    try:
        vs.Capture("headset")
    except vs.VoicestandError as error:
        found["refused"] = [type(error).__name__, str(error)]
    looked.set()

clock = lost = missing = after = 0
with vs.Capture("default") as first:
    seeking = None
    for block in first:
        if seeking is None:
            seeking = threading.Thread(target=look)
            seeking.start()
        assert block.first_frame == clock
        clock += len(block.samples)
        lost, missing = lost + block.lost, missing + block.missing
        after += looked.is_set()
        if after == 20:
            break
    seeking.join()
found["first"] = first.stats() | {"lost_in_blocks": lost, "missing_in_blocks": missing}
with vs.Capture("headset") as second:
    found["second"] = [second.name, len(second.read().samples)]
print(json.dumps(found))
"""


def test_a_new_device_is_seen_and_the_open_stream_loses_nothing(pulse_server: AudioServer) -> None:
    pactl(pulse_server, "load-module", "module-null-sink", "sink_name=headset", "rate=48000")
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env=pulse_server.env,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    assert "headset" in found["fresh"]
    assert "headset" not in found["frozen"]
    kind, message = found["refused"]
    assert kind == "DeviceError"
    assert "headset" in message
    books = found["first"]
    assert books["captured"] >= books["delivered"] > 0
    silent = ("lost", "missing", "rejected", "lost_in_blocks", "missing_in_blocks", "overflows")
    assert [books[name] for name in silent] == [0] * len(silent)
    name, frames = found["second"]
    assert name == "headset (ALSA)"
    assert frames > 0
