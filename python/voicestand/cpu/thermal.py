"""How hot the processor is."""

from __future__ import annotations

from os import PathLike

from voicestand import _native


def temperature(sysroot: str | PathLike[str] | None = None) -> float | None:
    """The temperature of the hottest processor package, °C; ``None`` where no sensor tells it.

    Read from the thermal zones of type ``x86_pkg_temp``, of this machine or below ``sysroot``.
    Virtual machines and processors of AMD have none.
    """
    return _native.Thermometer(sysroot).read()
