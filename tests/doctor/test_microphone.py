"""What the doctor says of a microphone that cannot be had here; real ones: tests/real."""

from __future__ import annotations

import pytest

from voicestand.doctor import Check, microphone
from voicestand.errors import DeviceError


def heard(blocks: int = 90, peak: float = 0.1, clipped: int = 0) -> dict[str, object]:
    return {"name": "USB mic", "blocks": blocks, "peak": peak, "clipped": clipped}


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


def test_without_a_server_only_system_audio_lacks_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> str:
        raise DeviceError("cannot ask the sound server: Connection refused")

    monkeypatch.setattr(microphone, "default_source", refuse)
    monkeypatch.setattr("voicestand.audio.monitor.default_sink", refuse)
    assert microphone.not_a_monitor()[0].status == "ok"
    (check,) = microphone.system_audio()
    assert check.status == "warning"
    assert "Connection refused" in check.message
    assert check.fix
