"""How the program ends, as its caller sees it."""

from __future__ import annotations

FAILED = 1
USAGE = 2
INTERRUPTED = 130
