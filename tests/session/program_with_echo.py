"""The program with one more recognizer, ``echo``, which takes no time.

A prefix of the program's own command: ``python -m tests.session.program_with_echo voicestand run``.
"""

from __future__ import annotations

import sys

from voicestand.cli import main
from voicestand.speech import registry

if __name__ == "__main__":
    echo = registry.Entry("echo", "tests.speech.faulty_engine:Echo", "numpy", forkable=True)
    registry.ENTRIES = (*registry.ENTRIES, echo)  # type: ignore[assignment]
    del sys.argv[0]
    main()
