"""How figures are written: three digits that count."""

from __future__ import annotations

import math


def written(value: float) -> str:
    """``0.0834``, ``4.20``, ``73.4``, ``1,230``: at least three digits, no exponent where it helps.

    ``value``: any float.
    """
    if math.isinf(value):
        return "∞"
    size = abs(value)
    if size == 0:
        return "0"
    if size < 1e-4 or size >= 1e9:
        return f"{value:.2e}"
    decimals = max(0, 2 - math.floor(math.log10(size)))
    return f"{value:,.{decimals}f}"
