"""The doctor on a real sound server: a microphone that is silent, and one that is not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.real.test_run_device import pactl
from tests.spoken_calls import write_wav

from voicestand.doctor import microphone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.conftest import AudioServer

pytestmark = pytest.mark.real


def test_silence_is_told_from_a_voice_and_a_monitor_from_a_microphone(
    pulse_server: AudioServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in pulse_server.env.items():
        monkeypatch.setenv(name, value)
    (idle,) = microphone.level()
    assert (idle.status, "this machine plays" in idle.message) == ("ok", True)

    tone = 8_000 * np.sin(np.arange(20 * 16_000) * 2 * np.pi * 440 / 16_000)
    write_wav(tmp_path / "tone.wav", [tone.astype(np.int16)])
    pulse_server.play(tmp_path / "tone.wav")
    (loud,) = microphone.level()
    peak = re.search(r"(-\d+) dBFS", loud.message)
    assert loud.status == "ok", loud
    # As loud as the tone; where it begins the server's resampler overshoots.
    assert peak is not None
    assert -13 <= int(peak[1]) <= -9

    (monitor,) = microphone.not_a_monitor()
    assert (monitor.status, "vs.monitor" in monitor.message) == ("warning", True)
    (system,) = microphone.system_audio()
    assert system.status == "ok"
    pactl(pulse_server, "load-module", "module-null-source", "source_name=headset")
    pactl(pulse_server, "set-default-source", "headset")
    assert microphone.not_a_monitor()[0].status == "ok"
    (silent,) = microphone.level()
    assert (silent.status, "is silent" in silent.message) == ("warning", True)
    assert "set-source-mute" in silent.fix
