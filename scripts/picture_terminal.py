"""A picture of a real terminal: runs a command in tmux and saves what it shows as SVG.

.venv/bin/python scripts/picture_terminal.py docs/run.svg --after 62 -- voicestand run --demo
"""

from __future__ import annotations

import argparse
import io
import re
import shlex
import subprocess
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS, ROWS = 108, 34


def screen(command: list[str], seconds: float) -> str:
    """What a terminal shows after ``seconds`` of ``command``, with its escape sequences."""
    session = f"picture-{time.monotonic_ns()}"
    size = ["-x", str(COLUMNS), "-y", str(ROWS)]
    line = f"{shlex.join(command)}; sleep 30"
    subprocess.run(["tmux", "new-session", "-d", "-s", session, *size, line], check=True)
    try:
        time.sleep(seconds)
        capture = ["tmux", "capture-pane", "-e", "-p", "-t", session]
        return subprocess.run(capture, check=True, capture_output=True, text=True).stdout
    finally:
        subprocess.run(["tmux", "kill-session", "-t", session], check=False)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--after", type=float, required=True, help="seconds")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    shown = screen(options.command, options.after).rstrip("\n")
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(shown, no_wrap=True), overflow="ignore", crop=False)
    svg = console.export_svg(title=shlex.join(options.command), theme=MONOKAI)
    # The fonts would come from the network: the reader's own monospaced one will do.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    options.picture.write_text(svg.replace("Fira Code", "DejaVu Sans Mono"))


if __name__ == "__main__":
    main()
