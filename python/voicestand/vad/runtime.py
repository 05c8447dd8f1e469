"""The inference runtime, without the tools that come in its package."""

from __future__ import annotations

import sys
from types import ModuleType

_CONVERTER = "openvino.tools.ovc"


def openvino() -> ModuleType:
    """The module ``openvino``, imported on first use.

    Its package imports the model converter where it can, and with it a telemetry client, which
    reports every import to Intel unless the user has opted out. Neither is wanted here: nothing may
    report anywhere, and they are 160 of 230 ms of the import.
    ``from openvino.tools.ovc import convert_model`` works all the same for who needs it.
    """
    if "openvino" not in sys.modules and _CONVERTER not in sys.modules:
        # None makes the import fail with an ImportError, which the package expects and ignores.
        sys.modules[_CONVERTER] = None  # type: ignore[assignment]
        try:
            import openvino
        finally:
            del sys.modules[_CONVERTER]
    else:
        import openvino
    module: ModuleType = openvino
    return module
