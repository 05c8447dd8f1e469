"""What a device may give: 32 channels, 8 and 192 kHz, buffers of whatever size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.real.test_run_device import pactl

if TYPE_CHECKING:
    from tests.real.conftest import AudioServer

pytestmark = pytest.mark.real

CHANNELS = 32
PLACES = "front-left,front-right,rear-left,rear-right,front-center,lfe,side-left,side-right"
MAP = ",".join([PLACES, *(f"aux{number}" for number in range(CHANNELS - 8))])
"""As ALSA's pulse plugin asks for them: others would be mixed."""

# Captures until a second of sound was heard; prints the books and what each channel held.
_PROGRAM = """
import json, sys
import numpy as np
import voicestand as vs

rate, channels, block_frames = map(int, sys.argv[1:])
heard, sizes, clock = [], set(), 0
with vs.Capture("default", rate, channels, block_frames=block_frames) as capture:
    print(json.dumps({"rate": capture.sample_rate, "channels": capture.channels}), flush=True)
    for block in capture:
        assert block.first_frame == clock + block.lost + block.missing
        clock = block.first_frame + len(block.samples)
        sizes.add(len(block.samples))
        if block.samples.any():
            heard.append(block.samples)
        if sum(map(len, heard)) > rate // 2:
            break
    stats = capture.stats()
levels = np.median(np.concatenate(heard), axis=0)
print(json.dumps(stats | {"levels": levels.tolist(), "sizes": sorted(sizes)}))
"""


def heard(
    server: AudioServer, tmp_path: Path, *, rate: int, channels: int, block_frames: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the program says at its beginning and its end; channel n holds n + 1 of 64."""
    levels = np.arange(1, channels + 1, dtype="<f4") / 64
    sound = tmp_path / "levels.raw"
    sound.write_bytes(np.tile(levels, (10 * rate, 1)).tobytes())
    command = [sys.executable, "-c", _PROGRAM, str(rate), str(channels), str(block_frames)]
    with subprocess.Popen(command, env=server.env, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        begun = json.loads(program.stdout.readline())
        player = ["paplay", "--raw", "--format=float32le", f"--rate={rate}", "--device=wide"]
        player += [f"--channels={channels}", f"--channel-map={MAP}" if channels > 2 else "--"]
        with subprocess.Popen([*player, str(sound)], env=server.env) as playing:
            told = program.stdout.readline()
            playing.kill()
        return begun, json.loads(told)


def wide_sink(server: AudioServer, rate: int, channels: int) -> None:
    layout = [f"channels={channels}", f"channel_map={MAP}"] if channels > 2 else ["channels=1"]
    pactl(server, "load-module", "module-null-sink", "sink_name=wide", f"rate={rate}", *layout)
    pactl(server, "set-default-source", "wide.monitor")


@pytest.mark.parametrize("rate", [8_000, 192_000])
def test_32_channels_arrive_each_in_its_place(
    pulse_server: AudioServer, tmp_path: Path, rate: int
) -> None:
    wide_sink(pulse_server, rate, CHANNELS)
    begun, ended = heard(pulse_server, tmp_path, rate=rate, channels=CHANNELS, block_frames=512)
    assert begun == {"rate": rate, "channels": CHANNELS}
    np.testing.assert_allclose(ended["levels"], np.arange(1, CHANNELS + 1) / 64, atol=1e-4)
    assert (ended["lost"], ended["missing"], ended["rejected"]) == (0, 0, 0)


def test_buffers_may_be_as_the_device_gives_them(pulse_server: AudioServer, tmp_path: Path) -> None:
    wide_sink(pulse_server, 48_000, 1)
    begun, ended = heard(pulse_server, tmp_path, rate=48_000, channels=1, block_frames=0)
    assert begun == {"rate": 48_000, "channels": 1}
    assert max(ended["sizes"]) <= 128
    assert ended["levels"] == pytest.approx([1 / 64], abs=1e-4)
    assert (ended["lost"], ended["missing"], ended["rejected"]) == (0, 0, 0)
