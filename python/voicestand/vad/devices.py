"""Which inference device computes the probability of speech."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from voicestand.errors import EngineUnavailableError

_log = logging.getLogger(__name__)

_ACCELERATOR_NODES = Path("/dev/accel")

Started = TypeVar("Started")


def start(core: Any, wanted: str, compile_on: Callable[[str], Started]) -> Started:
    """What ``compile_on(device)`` gives on the device that ``wanted`` means.

    ``core`` is an ``openvino.Core``, ``wanted`` is ``auto`` or the name of a device (``CPU``,
    ``NPU``, ``GPU``, ``GPU.1``; case does not matter). ``compile_on`` compiles for the device and
    proves it by one inference, raising ``RuntimeError`` when either fails. ``auto`` is the NPU
    where there is one and it works, else the CPU. A device that was named is never replaced by
    another one: ``EngineUnavailableError`` says which devices there are.
    """
    if wanted.lower() == "auto":
        if _npu_is_there(core):
            try:
                return compile_on("NPU")
            except RuntimeError as error:
                _log.warning(
                    "the NPU does not run the voice activity model, the CPU does: %s", _line(error)
                )
        return compile_on("CPU")
    device = wanted.upper()
    present = [str(name) for name in core.available_devices]
    if not any(name == device or name.startswith(f"{device}.") for name in present):
        raise EngineUnavailableError(
            f"there is no inference device {wanted!r} here: use one of "
            f"{', '.join(['auto', *present])}"
        )
    try:
        return compile_on(device)
    except RuntimeError as error:
        raise EngineUnavailableError(
            f"the inference device {device} does not run the voice activity model "
            f"({_line(error)}): use auto or CPU"
        ) from error


def _npu_is_there(core: Any) -> bool:
    # NB: asking OpenVINO loads the plugins of every device, which takes 100 ms and more; without a
    # device node of the kernel there cannot be an NPU.
    return any(_ACCELERATOR_NODES.glob("accel*")) and "NPU" in core.available_devices


def _line(error: BaseException) -> str:
    """The last line of OpenVINO's message says what failed, those before it say where."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
