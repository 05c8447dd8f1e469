"""A terminal: a pseudo-terminal whose other side is an emulator that keeps the screen."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyte
from tests.program import PATIENCE, Program


class Terminal:
    """One program in a terminal of its own, which is its controlling terminal."""

    def __init__(self, pid: int, master: int, columns: int, rows: int) -> None:
        self._pid = pid
        self._master = master
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.output = b""
        """Everything the program wrote."""
        self.code: int | None = None
        """How it ended, once it has."""

    def lines(self) -> list[str]:
        """What is on the screen, without the empty lines."""
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def text(self) -> str:
        return "\n".join(self.lines())

    def italic(self) -> str:
        """What of it is slanted: the words that may still change."""
        buffer = self.screen.buffer
        cells = (
            buffer[row][column]
            for row in range(self.screen.lines)
            for column in range(self.screen.columns)
        )
        return "".join(cell.data for cell in cells if cell.italics).strip()

    def shows(self, condition: Callable[[], object], what: str) -> None:
        """Waits until the screen fulfils the condition."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"never seen: {what}\n{self.text()}"
            assert self._turn(), f"ended without: {what}\n{self.text()}"

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def end(self) -> int:
        """Waits for the end of the program."""
        deadline = time.monotonic() + PATIENCE
        while self._turn():
            assert time.monotonic() < deadline, f"it does not end\n{self.text()}"
        assert self.code is not None
        return self.code

    def _turn(self) -> bool:
        """Takes in what was written, or waits a moment; False once the program is gone."""
        readable, _, _ = select.select([self._master], [], [], 0.05)
        try:
            new = os.read(self._master, 1 << 16) if readable else None
        except OSError:  # the other side is closed
            new = b""
        if new:
            self.output += new
            self._stream.feed(new)
        if new == b"":
            self._bury()
            return False
        return True

    def _bury(self) -> None:
        if self.code is None:
            _, status = os.waitpid(self._pid, 0)
            self.code = os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        if self.code is None:
            os.kill(self._pid, signal.SIGKILL)
            self._bury()
        os.close(self._master)


@contextmanager
def in_terminal(
    program: Program, *arguments: object, columns: int = 110, rows: int = 32
) -> Iterator[Terminal]:
    """Starts the program in a terminal of that size."""
    command = program.command(*arguments)
    env = program.env | {"TERM": "xterm-256color"}
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
        env.pop(name, None)
    pid, master = pty.fork()
    if pid == 0:
        try:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(program.home)
            os.execvpe(command[0], command, env)
        finally:
            os._exit(127)
    terminal = Terminal(pid, master, columns, rows)
    try:
        yield terminal
    finally:
        terminal.close()
