"""``voicestand devices`` and ``voicestand doctor`` on a machine without sound."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# In place of the real module, since ALSA lists the sound cards of this machine in any environment.
NO_INPUTS = """
class default:
    device = (-1, 1)

def get_portaudio_version():
    return 1246720, "PortAudio V19.6.0-devel, revision unknown"

def query_hostapis():
    return ({"name": "ALSA"},)

def query_devices():
    return [{"index": 1, "name": "speaker", "hostapi": 0, "max_input_channels": 0}]
"""


@pytest.fixture
def silent(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine without inputs and servers."""
    (tmp_path / "sounddevice.py").write_text(NO_INPUTS)
    return os.environ | {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
        "XDG_DATA_HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "PULSE_SERVER": f"unix:{tmp_path}/none",
        "JACK_DEFAULT_SERVER": "vs-no-server-of-this-name",
    }


def voicestand(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from voicestand.cli import main; main()", *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_no_device_is_no_failure(silent: dict[str, str]) -> None:
    done = voicestand(silent, "devices", "--json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_a_person_without_a_device_is_told_what_to_do(silent: dict[str, str]) -> None:
    done = voicestand(silent, "devices")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    assert "voicestand run --input FILE, or --demo" in done.stdout


def test_doctor_passes_a_machine_that_can_only_hear_files(silent: dict[str, str]) -> None:
    done = voicestand(silent, "doctor", "--json")
    found = {check["name"]: check["status"] for check in json.loads(done.stdout)}
    # One cause is told once.
    assert (found["sound server"], found["audio input"]) == ("warning", "ok")
    assert found["journal"] == "ok"
    assert "error" not in found.values()
    assert (done.returncode, done.stderr) == (0, "")


def test_doctor_fails_where_something_needed_is_missing(silent: dict[str, str]) -> None:
    mistaken = silent | {"VOICESTAND_AUDIO__BLOCK_FRAMES": "500"}
    done = voicestand(mistaken, "doctor")
    assert (done.returncode, done.stderr) == (1, "")
    assert "power of two" in " ".join(done.stdout.split())
    assert "→ voicestand config check" in done.stdout
