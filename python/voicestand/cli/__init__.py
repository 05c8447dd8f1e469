"""The command line: one file per command, no logic of its own."""

from __future__ import annotations

import sys

from voicestand.cli import exit_code, interruption

TYPE_CHECKING = False  # typing takes longer to import than everything here
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Entry point of the ``voicestand`` command."""
    try:
        interruption.watch()
        from voicestand.cli import program

        program.main(arguments)
    except KeyboardInterrupt:
        sys.exit(exit_code.INTERRUPTED)
    except Exception:
        if interruption.asked():  # Ctrl-C while it was still being loaded
            sys.exit(exit_code.INTERRUPTED)
        raise
