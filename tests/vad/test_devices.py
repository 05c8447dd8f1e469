"""Which device is used, on machines that this one is not."""

from __future__ import annotations

from typing import Any

import pytest

from voicestand.errors import EngineUnavailableError
from voicestand.vad import devices, inference
from voicestand.vad.silero import SileroVad
from voicestand.vad.weights import load


class Machine:
    """Stands for ``openvino.Core`` on a machine with these devices."""

    def __init__(self, *present: str) -> None:
        self.available_devices = list(present)


@pytest.mark.parametrize("wanted", ["NPU", "npu"])
def test_a_named_device_is_used(wanted: str) -> None:
    assert devices.present(Machine("CPU", "NPU"), wanted) == "NPU"


@pytest.mark.parametrize("wanted", ["NPU", "GP", "GPU.2"])
def test_an_absent_device_is_an_error_that_names_those_there_are(wanted: str) -> None:
    machine = Machine("CPU", "GPU.0", "GPU.1")
    with pytest.raises(EngineUnavailableError, match=rf"'{wanted}'.*auto, CPU, GPU\.0, GPU\.1"):
        devices.present(machine, wanted)


def test_one_of_several_devices_of_a_kind_can_be_named() -> None:
    assert devices.present(Machine("CPU", "GPU.0", "GPU.1"), "gpu.1") == "GPU.1"


def test_a_device_that_fails_is_an_error_with_the_last_line_of_openvino() -> None:
    def fails() -> None:
        raise RuntimeError("Exception from src/core.cpp:1:\nNPU compiler is missing\n\n")

    with pytest.raises(EngineUnavailableError, match=r"NPU .*\(NPU compiler is missing\)"):
        devices.started("NPU", fails)


def test_a_device_that_is_not_the_one_that_computes_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As plugins that hand the work on do: asked for the NPU, it is the CPU that computes."""
    vad = SileroVad("CPU")

    def on_the_cpu(core: Any, weights: Any, windows: int, device: str) -> Any:
        return vad._compiled

    monkeypatch.setattr(inference, "compiled_for", on_the_cpu)
    with pytest.raises(RuntimeError, match="computes on CPU where NPU was asked for"):
        inference.proved_for(None, load(), "NPU")
