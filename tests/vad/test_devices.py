"""Which device is used, on machines that this one is not."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from voicestand.errors import EngineUnavailableError
from voicestand.vad import devices


class Machine:
    """Stands for ``openvino.Core`` on a machine with these devices."""

    def __init__(self, *present: str, broken: tuple[str, ...] = ()) -> None:
        self.available_devices = list(present)
        self.broken = broken
        self.tried: list[str] = []

    def compile_on(self, device: str) -> str:
        self.tried.append(device)
        if device in self.broken or device not in self.available_devices:
            raise RuntimeError(f"Exception from src/core.cpp:1:\n{device} compiler is missing\n\n")
        return device


@pytest.fixture
def accelerator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "accel0").touch()
    monkeypatch.setattr(devices, "_ACCELERATOR_NODES", tmp_path)


def start(machine: Machine, wanted: str) -> str:
    return devices.start(machine, wanted, machine.compile_on)


@pytest.mark.usefixtures("accelerator")
def test_auto_prefers_the_npu() -> None:
    assert start(Machine("CPU", "GPU", "NPU"), "auto") == "NPU"


@pytest.mark.usefixtures("accelerator")
def test_auto_is_the_cpu_where_there_is_no_npu() -> None:
    assert start(Machine("CPU", "GPU"), "auto") == "CPU"


def test_auto_does_not_load_plugins_where_the_kernel_has_no_accelerator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_ACCELERATOR_NODES", tmp_path / "absent")
    machine = Machine("CPU", "NPU")
    assert start(machine, "auto") == "CPU"
    assert machine.tried == ["CPU"]


@pytest.mark.usefixtures("accelerator")
def test_auto_falls_back_from_an_npu_that_does_not_work_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert start(Machine("CPU", "NPU", broken=("NPU",)), "auto") == "CPU"
    assert "NPU compiler is missing" in caplog.text


@pytest.mark.parametrize("wanted", ["NPU", "npu"])
def test_a_named_device_is_used(wanted: str) -> None:
    assert start(Machine("CPU", "NPU"), wanted) == "NPU"


def test_a_named_device_is_never_replaced_by_another_one() -> None:
    machine = Machine("CPU", "NPU", broken=("NPU",))
    with pytest.raises(EngineUnavailableError, match="NPU compiler is missing"):
        start(machine, "NPU")
    assert machine.tried == ["NPU"]


@pytest.mark.parametrize("wanted", ["NPU", "GP", "GPU.2"])
def test_an_absent_device_is_an_error_that_names_those_there_are(wanted: str) -> None:
    machine = Machine("CPU", "GPU.0", "GPU.1")
    with pytest.raises(EngineUnavailableError, match=rf"'{wanted}'.*auto, CPU, GPU\.0, GPU\.1"):
        start(machine, wanted)
    assert machine.tried == []


def test_one_of_several_devices_of_a_kind_can_be_named() -> None:
    assert start(Machine("CPU", "GPU.0", "GPU.1"), "gpu.1") == "GPU.1"
