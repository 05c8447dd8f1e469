"""The command line: one file per command, no logic of its own."""

from __future__ import annotations

from voicestand.cli.program import main

__all__ = ["main"]
