"""Asking the run that holds the control socket."""

from __future__ import annotations

import socket
from pathlib import Path

import msgspec

from voicestand.daemon.address import short_address
from voicestand.daemon.control import SOCKET
from voicestand.daemon.protocol import Command, Reply, Request, Status
from voicestand.errors import VoicestandError

ANSWERS_WITHIN = 15.0
"""Seconds; a command waits for a device that hangs, which is given up after six."""


class NotRunningError(VoicestandError):
    """No run of this user's listens to devices."""


class Client:
    """A connection to the run. Raises ``NotRunningError`` if there is none."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(ANSWERS_WITHIN)
        try:
            with short_address(folder / SOCKET) as address:
                self._socket.connect(address)
        except BlockingIOError:
            self._socket.close()
            raise VoicestandError("the run does not answer: too many wait for it") from None
        except OSError:  # no folder, no socket, or a stale one
            self._socket.close()
            raise NotRunningError(
                "voicestand is not listening: start it with voicestand run, or as a service with "
                "voicestand service install"
            ) from None

    def ask(self, command: Command) -> Status:
        """The status after ``command``. Raises ``VoicestandError`` if it is refused."""
        try:
            self._socket.sendall(msgspec.json.encode(Request(command)) + b"\n")
            line = self._line()
        except OSError as error:
            raise VoicestandError(f"the run does not answer: {error}") from None
        if not line:
            raise NotRunningError("the run has just ended")
        reply = msgspec.json.decode(line, type=Reply)
        if reply.status is None:
            raise VoicestandError(f"the run refuses: {reply.error}")
        return reply.status

    def wait_for_end(self) -> None:
        """Returns when the run has ended."""
        self._socket.settimeout(None)
        while self._socket.recv(1024):
            pass

    def close(self) -> None:
        """Hangs up."""
        self._socket.close()

    def _line(self) -> bytes:
        heard = b""
        while not heard.endswith(b"\n"):
            said = self._socket.recv(4096)
            if not said:
                return b""
            heard += said
        return heard
