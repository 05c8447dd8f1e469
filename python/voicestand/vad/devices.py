"""Which inference devices there are, and what is said where one does not work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from voicestand.errors import EngineUnavailableError

ACCELERATOR_NODES = Path("/dev/accel")
"""The kernel's folder of them; each is ``accel*``."""

Started = TypeVar("Started")


def may_have_npu() -> bool:
    """Whether the kernel has the node of an accelerator: without one there is no NPU.

    NB: asking OpenVINO loads the plugins of every device, which takes 100 ms and more.
    """
    return any(ACCELERATOR_NODES.glob("accel*"))


def present(core: Any, wanted: str) -> str:
    """The name, as OpenVINO writes it, of the device that ``wanted`` means.

    ``core`` is an ``openvino.Core``. Raises ``EngineUnavailableError``, which lists the devices
    there are.
    """
    device = wanted.upper()
    if device == "CPU":
        return device  # which is always there, and need not be asked for
    names = [str(name) for name in core.available_devices]
    if not any(name == device or name.startswith(f"{device}.") for name in names):
        raise EngineUnavailableError(
            f"there is no inference device {wanted!r} here: use one of "
            f"{', '.join(['auto', *names])}"
        )
    return device


def started(device: str, start: Callable[[], Started]) -> Started:
    """What ``start()`` gives; its ``RuntimeError`` becomes an ``EngineUnavailableError``."""
    try:
        return start()
    except RuntimeError as error:
        raise EngineUnavailableError(
            f"the inference device {device} does not run the voice activity model "
            f"({_line(error)}): use auto or CPU"
        ) from error


def _line(error: BaseException) -> str:
    """The last line of OpenVINO's message says what failed, those before it say where."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
