"""``voicestand devices`` sees the inputs of the servers that run."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.real.conftest import AudioServer

pytestmark = pytest.mark.real


def voicestand(server: AudioServer, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from voicestand.cli import main; main()", *arguments],
        env=server.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def listed(server: AudioServer) -> dict[str, dict[str, Any]]:
    return {
        device["name"]: device for device in json.loads(voicestand(server, "devices", "--json"))
    }


def test_the_sound_server_s_source_is_the_default_input(sound_server: AudioServer) -> None:
    default = listed(sound_server)[sound_server.device]
    assert default["is_default"]
    assert default["host_api"] == "ALSA"
    assert default["max_input_channels"] >= 1


def test_jack_s_clients_are_inputs(jack_server: AudioServer) -> None:
    found = listed(jack_server)
    assert {"system", jack_server.device} <= set(found)
    assert found["system"]["host_api"] == "JACK Audio Connection Kit"
    assert found["system"]["default_sample_rate"] == 48_000


def test_a_person_sees_name_and_default(jack_server: AudioServer) -> None:
    table = voicestand(jack_server, "devices")
    assert "system" in table
    assert "* the default" in table


def _checks(server: AudioServer) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in json.loads(voicestand(server, "doctor", "--json"))}


def test_doctor_reaches_the_sound_server(sound_server: AudioServer) -> None:
    checks = _checks(sound_server)
    assert "PulseAudio answers" in checks["sound server"]["message"]
    assert checks["audio input"]["status"] == "ok"


def test_doctor_reaches_jack(jack_server: AudioServer) -> None:
    checks = _checks(jack_server)
    assert checks["sound server"]["message"] == "JACK answers"
    assert checks["audio input"]["status"] == "ok"
