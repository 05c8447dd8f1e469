"""The doctor finds what is broken, says how to mend it, and survives whatever breaks."""

from __future__ import annotations

import grp
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from voicestand import doctor
from voicestand.doctor import (
    Check,
    examination,
    inference,
    installation,
    probe,
    recognition,
    scheduling,
    sound,
    storage,
)

Patch = pytest.MonkeyPatch


def only(found: list[Check]) -> Check:
    assert len(found) == 1
    return found[0]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    for kind in ("DATA", "CONFIG", "STATE", "RUNTIME"):
        folder = "XDG_RUNTIME_DIR" if kind == "RUNTIME" else f"XDG_{kind}_HOME"
        monkeypatch.setenv(folder, str(tmp_path / kind.lower()))
    for name in ("PULSE_SERVER", "PULSE_RUNTIME_PATH", "PIPEWIRE_REMOTE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "vs-no-server-of-this-name")
    return tmp_path


def test_a_check_that_breaks_is_one_finding_and_stops_no_other() -> None:
    def breaks() -> list[Check]:
        raise ZeroDivisionError("in the\nmiddle")

    found = doctor.examine({"one": breaks, "two": lambda: [Check("two", "ok", "fine")]})
    assert [check.status for check in found] == ["error", "ok"]
    assert found[0].message == "the check itself failed: ZeroDivisionError: in the middle"


def test_every_finding_is_one_printable_line() -> None:
    odd = Check("odd", "ok", "a path \udcff\nof two lines")
    assert only(doctor.examine({"odd": lambda: [odd]})).message == "a path ? of two lines"


def test_every_check_survives_an_environment_without_anything(
    home: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(subprocess, "run", _raise(OSError("no more processes")))
    monkeypatch.setattr(metadata, "version", _raise(RuntimeError("damaged metadata")))
    monkeypatch.setattr(resource, "getrlimit", _raise(OSError("refused")))
    found = doctor.examine()
    assert {check.name for check in found} >= set(examination.CHECKS) - {"audio input"}
    assert any(check.status == "error" for check in found)


def _raise(error: Exception) -> Callable[..., Any]:
    def raising(*_: object, **__: object) -> Any:
        raise error

    return raising


# Installation


def test_a_package_that_is_not_there_is_named(monkeypatch: Patch) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name in ("openvino", "pocketsphinx"):
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    check = only(installation.packages())
    assert (check.status, check.message) == ("error", "not installed: openvino, pocketsphinx")
    assert "pip install" in check.fix


def test_an_installation_in_order_is_ok() -> None:
    checks = [*installation.python(), *installation.packages(), *installation.native_extension()]
    assert [check.status for check in checks] == ["ok", "ok", "ok"]


def test_a_native_half_of_another_version_is_an_error(monkeypatch: Patch) -> None:
    monkeypatch.setattr(installation, "__version__", "99.0.0")
    check = only(installation.native_extension())
    assert check.status == "error"
    assert "99.0.0" in check.message


def test_a_native_half_that_does_not_load_is_an_error(monkeypatch: Patch) -> None:
    import voicestand

    monkeypatch.delattr(voicestand, "_native", raising=False)
    monkeypatch.setitem(sys.modules, "voicestand._native", None)
    assert only(installation.native_extension()).status == "error"


@pytest.mark.parametrize(
    ("installed", "status"),
    [
        ([], "ok"),
        (["onnxruntime"], "ok"),
        (["onnxruntime-openvino"], "ok"),
        (["onnxruntime", "onnxruntime-openvino"], "warning"),
    ],
)
def test_two_onnxruntimes_that_overwrite_each_other_are_found(
    monkeypatch: Patch, installed: list[str], status: str
) -> None:
    def version(name: str) -> str:
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return "1.24.1"

    monkeypatch.setattr(metadata, "version", version)
    check = only(installation.onnxruntime())
    assert check.status == status
    assert all(name in check.message for name in installed)
    if status == "warning":
        assert "uninstall -y onnxruntime onnxruntime-openvino" in check.fix


# Foreign code


def test_an_answer_of_foreign_code_is_its_last_line() -> None:
    assert probe.ask("print('noise'); print('[1, 2]')") == [1, 2]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed with SIGSEGV"),
        ("raise RuntimeError('no driver')", "RuntimeError: no driver"),
        ("raise SystemExit(3)", "exit code 3"),
        ("print('hello')", "answered 'hello'"),
        ("pass", "answered ''"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", "answered"),
    ],
)
def test_foreign_code_that_fails_is_told_in_a_few_words(program: str, said: str) -> None:
    with pytest.raises(probe.ProbeError, match=said):
        probe.ask(program)


def test_foreign_code_that_hangs_is_given_up() -> None:
    began = time.monotonic()
    with pytest.raises(probe.ProbeError, match="no answer within 1 s"):
        probe.ask("import time; time.sleep(60)", seconds=1)
    assert time.monotonic() - began < 30


def test_foreign_code_ignores_the_current_folder(tmp_path: Path, monkeypatch: Patch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('ours')")
    monkeypatch.chdir(tmp_path)
    assert probe.ask("import json; print(json.dumps(1))") == 1


# Sound


def test_no_sound_server_is_a_warning_since_files_still_work(home: Path) -> None:
    check = only(sound.server())
    assert check.status == "warning"
    assert "systemctl" in check.fix


@pytest.mark.parametrize(
    ("name", "place"), [("PulseAudio", "runtime/pulse/native"), ("PipeWire", "runtime/pipewire-0")]
)
def test_a_server_that_listens_answers_and_its_remains_do_not(
    home: Path, monkeypatch: Patch, name: str, place: str
) -> None:
    # Shorter than tmp_path, which may be longer than the address of a socket may be.
    (home / place).parent.mkdir(parents=True)
    monkeypatch.chdir(home)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "runtime")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen()
        check = only(sound.server())
        assert (check.status, check.message) == ("ok", f"{name} answers")
    assert (home / place).exists()
    assert only(sound.server()).status == "warning"


def test_a_pulseaudio_elsewhere_is_not_tried(home: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("PULSE_SERVER", "tcp:studio:4713")
    check = only(sound.server())
    assert check.status == "ok"
    assert "tcp:studio:4713" in check.message


@pytest.mark.parametrize(
    ("answer", "names", "statuses", "said"),
    [
        (
            {"version": "V19", "inputs": []},
            ["PortAudio", "audio input"],
            ["ok", "warning"],
            "plug in a microphone",
        ),
        (
            {"version": "V19", "inputs": [["mic", "ALSA", False], ["default", "ALSA", True]]},
            ["PortAudio", "audio input"],
            ["ok", "ok"],
            "2 inputs, default: default (ALSA)",
        ),
        (
            {"error": "the library PortAudio is missing (x): sudo apt install libportaudio2"},
            ["PortAudio"],
            ["error"],
            "sudo apt install libportaudio2",
        ),
    ],
)
def test_what_portaudio_offers_is_told(
    monkeypatch: Patch, answer: object, names: list[str], statuses: list[str], said: str
) -> None:
    monkeypatch.setattr(sound, "ask", lambda _program: answer)
    monkeypatch.setattr(sound, "answering", lambda: "PulseAudio answers")
    found = sound.inputs()
    assert [check.name for check in found] == names
    assert [check.status for check in found] == statuses
    assert said in found[-1].message + found[-1].fix


def test_a_sound_server_that_hangs_or_crashes_is_a_warning(monkeypatch: Patch) -> None:
    monkeypatch.setattr(sound, "ask", _raise(probe.ProbeError("no answer within 20 s")))
    check = only(sound.inputs())
    assert check.status == "warning"
    assert "no answer within 20 s" in check.message


# Inference and recognition


def test_the_devices_of_openvino_are_those_it_really_has() -> None:
    check = only(inference.devices())
    assert check.status == "ok"
    assert "CPU" in check.message


def test_looking_at_the_devices_reports_to_nobody() -> None:
    loaded = "import sys; print(json.dumps([n for n in sys.modules if 'telemetry' in n]))"
    assert probe.ask(inference._LIST_DEVICES + loaded) == []


def test_an_openvino_that_does_not_start_is_an_error(monkeypatch: Patch) -> None:
    monkeypatch.setattr(inference, "ask", _raise(probe.ProbeError("it crashed with SIGSEGV")))
    check = only(inference.devices())
    assert check.status == "error"
    assert "SIGSEGV" in check.message


def test_an_openvino_without_a_cpu_is_an_error(monkeypatch: Patch) -> None:
    monkeypatch.setattr(inference, "ask", lambda _: [["GPU", "Arc"]])
    assert only(inference.devices()).status == "error"


def test_an_accelerator_without_its_driver_is_a_warning(monkeypatch: Patch, tmp_path: Path) -> None:
    (tmp_path / "accel0").touch()
    monkeypatch.setattr(inference, "ACCELERATOR_NODES", tmp_path)
    monkeypatch.setattr(inference, "ask", lambda _: [["CPU", "Xeon"]])
    assert [check.status for check in inference.devices()] == ["ok", "warning"]
    monkeypatch.setattr(inference, "ask", lambda _: [["CPU", "Xeon"], ["NPU", "AI Boost"]])
    assert [check.status for check in inference.devices()] == ["ok"]


def test_an_accelerator_that_may_not_be_opened_names_the_group(
    monkeypatch: Patch, tmp_path: Path
) -> None:
    monkeypatch.setattr(inference, "ACCELERATOR_NODES", tmp_path)
    assert only(inference.npu()).status == "ok"
    (tmp_path / "accel0").touch()
    assert only(inference.npu()).status == "ok"
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may open everything
    check = only(inference.npu())
    assert check.status == "warning"
    assert check.fix.startswith("sudo usermod -aG ")


def test_a_group_without_a_name_is_no_failure(monkeypatch: Patch, tmp_path: Path) -> None:
    (tmp_path / "accel0").touch()
    monkeypatch.setattr(inference, "ACCELERATOR_NODES", tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(grp, "getgrgid", _raise(KeyError("gid not found")))
    assert only(inference.npu()).status == "warning"


def test_a_missing_model_of_voice_activity_is_an_error(monkeypatch: Patch) -> None:
    assert only(inference.model()).status == "ok"
    monkeypatch.setattr(inference, "find_spec", lambda _: None)
    assert only(inference.model()).status == "error"


def test_a_missing_model_of_the_recognizer_is_an_error(monkeypatch: Patch, tmp_path: Path) -> None:
    assert only(recognition.recognizer()).status == "ok"
    empty = SimpleNamespace(get_model_path=lambda: str(tmp_path))
    monkeypatch.setitem(sys.modules, "pocketsphinx", empty)
    check = only(recognition.recognizer())
    assert check.status == "error"
    assert "en-us.lm.bin" in check.message
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    assert only(recognition.recognizer()).status == "error"


def test_recognizers_and_models_are_told_with_what_is_missing(
    home: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    there = {"pocketsphinx"}
    monkeypatch.setattr(
        "voicestand.speech.registry.find_spec", lambda name: name if name in there else None
    )
    nothing = only(recognition.installed())
    assert nothing.status == "ok"
    assert "voicestand models pull" in nothing.message

    model = home / "cache" / "voicestand" / "models" / "whisper-tiny-en"
    model.mkdir(parents=True)
    (model / "openvino_encoder_model.xml").write_text("")
    no_package = recognition.installed()[0]
    assert (no_package.status, no_package.fix) == ("warning", "pip install 'voicestand[whisper]'")
    assert "whisper-tiny-en without whisper" in no_package.message

    there.add("openvino_genai")
    complete = recognition.installed()[0]
    assert (complete.status, complete.fix) == ("ok", "")
    assert "with whisper-tiny-en" in complete.message

    there.add("moonshine_voice")
    no_model = recognition.installed()[0]
    assert no_model.status == "warning"
    assert "moonshine" in no_model.message
    assert "no model" in no_model.message
    assert "models list" in no_model.fix


def test_an_openvino_that_does_not_go_with_genai_is_told(home: Path, monkeypatch: Patch) -> None:
    versions = {"openvino-genai": "2026.4.1.0", "openvino": "2026.3.0"}
    monkeypatch.setattr(metadata, "version", lambda name: versions.get(name, "1.0"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setattr("voicestand.speech.registry.find_spec", lambda name: name)
    _, check = recognition.installed()
    assert (check.name, check.status) == ("openvino-genai", "warning")
    assert "2026.3.0" in check.message
    versions["openvino"] = "2026.4.9"
    assert len(recognition.installed()) == 1


# Storage


def test_a_settings_file_with_a_mistake_is_an_error(home: Path) -> None:
    assert only(storage.settings()).status == "ok"
    file = home / "config" / "voicestand" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("[audio]\nblock_frame = 512\n")
    check = only(storage.settings())
    assert check.status == "error"
    assert "block_frames" in check.message


def test_looking_at_the_journal_writes_nothing(home: Path) -> None:
    assert [check.status for check in storage.journal()] == ["ok", "ok"]
    assert list(home.iterdir()) == []


def test_a_damaged_journal_is_an_error(home: Path) -> None:
    file = home / "data" / "voicestand" / "journal.sqlite3"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"no database" * 1000)
    check = storage.journal()[0]
    assert check.status == "error"
    assert "damaged" in check.message


def test_a_folder_that_cannot_be_written_is_an_error(home: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    check = storage.journal()[0]
    assert check.status == "error"
    assert "journal.folder" in check.fix


def test_a_file_in_the_way_of_the_folder_is_an_error(home: Path) -> None:
    (home / "data").write_text("in the way")
    assert only(storage.journal()).status == "error"


@pytest.mark.parametrize(
    ("free", "status", "amount"),
    [(10e9, "ok", "10.0 GB"), (500e6, "warning", "500 MB"), (2e6, "error", "2 MB")],
)
def test_a_disk_that_fills_up_is_told_in_time(
    home: Path, monkeypatch: Patch, free: float, status: str, amount: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    check = storage.journal()[-1]
    assert check.status == status
    assert check.message.startswith(f"{amount} free")


def test_a_folder_in_which_no_run_can_be_steered_is_a_warning(
    home: Path, monkeypatch: Patch
) -> None:
    assert only(storage.control_socket()).status == "ok"
    assert list(home.iterdir()) == []
    folder = home / "runtime" / "voicestand"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    check = only(storage.control_socket())
    assert (check.status, check.fix) == ("warning", f"chmod 700 {folder}")
    assert str(folder) in check.message
    folder.chmod(0o700)
    assert only(storage.control_socket()).status == "ok"
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    assert "XDG_RUNTIME_DIR" in only(storage.control_socket()).fix


# Scheduling


@pytest.mark.parametrize(
    ("granted", "rtkit", "status"),
    [
        ("realtime", "", "ok"),
        ("nice", "rtkit", "ok"),
        ("nice", "nice", "warning"),
        ("none", "none", "warning"),
    ],
)
def test_refused_real_time_priority_is_a_warning_unless_rtkit_grants_it(
    monkeypatch: Patch, granted: str, rtkit: str, status: str
) -> None:
    from voicestand import _native

    monkeypatch.setattr(_native, "realtime_permission", lambda: granted)
    monkeypatch.setattr(scheduling, "ask", lambda _: rtkit)
    check = only(scheduling.realtime_priority())
    assert check.status == status
    assert bool(check.fix) == (status == "warning")


def test_the_placement_that_is_told_is_the_plan(monkeypatch: Patch) -> None:
    from voicestand import cpu

    check = only(scheduling.placement())
    assert check.status == "ok"
    last = max(os.sched_getaffinity(0))
    plan = cpu.Plan(
        realtime=[[last], [0]], background=[5, 6], housekeeping=[7], thrifty=[5], separate=True
    )
    monkeypatch.setattr(cpu, "plan", lambda **_: plan)
    check = only(scheduling.placement())
    assert (check.status, check.message) == (
        "ok",
        f"granted: engines on CPUs {last} and 0, recognizers on 5-6, housekeeping on 7",
    )


def test_refused_placement_is_a_warning(monkeypatch: Patch) -> None:
    from voicestand import cpu

    plan = cpu.Plan(
        realtime=[[0], [1]], background=[5, 6], housekeeping=[7], thrifty=[5], separate=True
    )
    monkeypatch.setattr(cpu, "plan", lambda **_: plan)
    monkeypatch.setattr(os, "sched_setaffinity", _raise(PermissionError(1, "refused")))
    check = only(scheduling.placement())
    assert check.status == "warning"
    assert "may not be pinned to CPUs 0" in check.message


def test_the_temperature_is_told_where_there_is_a_sensor(
    monkeypatch: Patch, tmp_path: Path
) -> None:
    from tests.cpu.machines import heat

    from voicestand import _native

    thermometer = _native.Thermometer
    monkeypatch.setattr(_native, "Thermometer", lambda: thermometer(tmp_path))
    assert "no package sensor" in only(scheduling.temperature()).message
    heat(tmp_path, 61.0)
    assert only(scheduling.temperature()).message == "61 °C; background work yields near 100 °C"


def test_what_is_said_of_real_time_priority_is_what_the_limits_grant() -> None:
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0));"
        "resource.setrlimit(resource.RLIMIT_NICE, (0, 0));"
        "import os; os.geteuid() == 0 and os.setuid(65534);"
        "print(_native.realtime_permission())"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"from voicestand import _native; {program}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "none\n"


@pytest.mark.parametrize(
    ("limit", "status"), [(resource.RLIM_INFINITY, "ok"), (8 << 20, "ok"), (64 << 10, "warning")]
)
def test_little_lockable_memory_is_a_warning(monkeypatch: Patch, limit: int, status: str) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    assert only(scheduling.locked_memory()).status == status


def test_the_topology_names_its_evidence() -> None:
    check = only(scheduling.topology())
    assert check.status == "ok"
    assert "performance CPUs (source: " in check.message


@pytest.mark.parametrize(
    ("forced", "status", "told"),
    [
        (None, "ok", r"avx2|avx512|none of AVX2"),
        ("scalar", "ok", r"scalar \(by VOICESTAND_SIMD\)"),
        ("sse9", "error", "VOICESTAND_SIMD=sse9: scalar, avx2 or avx512 is wanted"),
    ],
)
def test_the_instruction_set_is_the_one_in_use(forced: str | None, status: str, told: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "VOICESTAND_SIMD"}
    code = """
from voicestand.doctor.scheduling import instruction_set
(check,) = instruction_set()
print(check.status, check.message)
"""
    # Chosen once in a process.
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=env | ({} if forced is None else {"VOICESTAND_SIMD": forced}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(f"{status} ({told})\n", done.stdout)
