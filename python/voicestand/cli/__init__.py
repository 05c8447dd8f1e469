"""The command line: one file per command, no logic of its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Entry point of the ``voicestand`` command."""
    from voicestand.cli import exit_code, interruption

    try:
        interruption.watch()
        from voicestand.cli import program

        program.main(arguments)
    except (KeyboardInterrupt, Exception):
        if interruption.asked():  # Ctrl-C while it was still being loaded
            sys.exit(exit_code.INTERRUPTED)
        raise
