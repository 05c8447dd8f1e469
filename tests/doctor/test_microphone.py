"""What the doctor says of a microphone that cannot be had here; real ones: tests/real."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicestand.audio.devices import NO_DEVICE
from voicestand.doctor import Check, microphone, sound
from voicestand.errors import DeviceError


def heard(blocks: int = 90, peak: float = 0.1, clipped: int = 0) -> dict[str, object]:
    answer = {"name": "USB mic", "blocks": blocks, "peak": peak, "clipped": clipped}
    return {**answer, "is_default": False}


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (heard(), "ok", "-20 dBFS"),
        (heard(blocks=0, peak=0.0), "warning", "gives no audio"),
        (heard(peak=0.0), "warning", "silent"),
        (heard(peak=5e-5), "warning", "silent"),
        (heard(peak=1.0, clipped=7), "warning", "clips"),
        ({"error": "cannot open USB mic: busy"}, "warning", "busy"),
    ],
)
def test_a_dead_microphone_is_told_from_a_muted_one(
    monkeypatch: pytest.MonkeyPatch, answer: object, status: str, said: str
) -> None:
    monkeypatch.setattr(microphone, "ask", lambda _program: answer)
    (check,) = microphone.level()
    assert (check.name, check.status) == ("microphone level", status)
    assert said in check.message
    assert bool(check.fix) == (status != "ok")


def test_a_microphone_is_told_from_what_the_machine_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"1": "speakers.monitor", "2": "headset"}
    monkeypatch.setattr(microphone, "sources", lambda: found)
    monkeypatch.setattr(microphone, "default_source", lambda: "headset")
    assert microphone.not_a_monitor()[0].status == "ok"
    monkeypatch.setattr(microphone, "default_source", lambda: "speakers.monitor")
    (check,) = microphone.not_a_monitor()
    assert (check.status, check.fix) == ("warning", "pactl set-default-source headset")
    del found["2"]
    assert microphone.not_a_monitor() == [
        Check("microphone", "warning", check.message, "plug in a microphone")
    ]


def refuse() -> str:
    raise DeviceError("cannot ask the sound server: Connection refused")


def test_a_server_without_monitors_lacks_system_audio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "default_source", refuse)
    monkeypatch.setattr(microphone, "answering", lambda: "JACK answers")
    monkeypatch.setattr("voicestand.audio.monitor.default_sink", refuse)
    assert microphone.not_a_monitor()[0].status == "ok"
    (check,) = microphone.system_audio()
    assert check.status == "warning"
    assert "Connection refused" in check.message
    assert check.fix


def test_what_lacks_for_one_cause_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without any sound: no server, no card."""
    for name in ("PULSE_SERVER", "PULSE_RUNTIME_PATH", "PIPEWIRE_REMOTE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "vs-no-server-of-this-name")
    # Nor a card, which the machine of the tests may have.
    monkeypatch.setattr(sound, "ask", lambda _program: {"version": "V19", "inputs": []})
    monkeypatch.setattr(microphone, "ask", lambda _program: {"error": NO_DEVICE})
    checks = [
        *(*sound.server(), *sound.inputs()),
        *(*microphone.not_a_monitor(), *microphone.level(), *microphone.system_audio()),
    ]
    assert [check.name for check in checks if check.status != "ok"] == ["sound server"]
    assert [check.name for check in checks if check.message.startswith("not looked at")] == [
        *("microphone", "microphone level", "system audio")
    ]


def test_a_missing_library_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    error = "the library PortAudio is missing (x): sudo apt install libportaudio2"
    monkeypatch.setattr(microphone, "ask", lambda _program: {"error": error})
    assert microphone.level()[0].status == "ok"
