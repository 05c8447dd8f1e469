"""What a service tells systemd: sd_notify(3), one datagram a message.

Without ``NOTIFY_SOCKET`` in the environment nobody is told.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import MutableMapping

FED_IN_TIME = 4
"""How many times the watchdog is fed before it would bark."""


class Notifier:
    """The service manager's socket; it is never waited for."""

    def __init__(self, environ: MutableMapping[str, str] = os.environ) -> None:
        """Takes what it needs out of ``environ``: children are not to speak for the service."""
        address = environ.pop("NOTIFY_SOCKET", "")
        microseconds = environ.pop("WATCHDOG_USEC", "")
        pid = environ.pop("WATCHDOG_PID", str(os.getpid()))
        self._socket: socket.socket | None = None
        if address.startswith(("/", "@")):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
        # An abstract address begins with a null byte, which no environment can hold.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        watched = microseconds.isdecimal() and pid == str(os.getpid())
        self._period = int(microseconds) / 1e6 / FED_IN_TIME if watched else None
        self._fed_at = float("-inf")
        self._status = ""

    def ready(self) -> None:
        """The service has started."""
        self._send("READY=1")

    def stopping(self) -> None:
        """The service is about to end."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """What ``systemctl status`` shows; sent if it is another one."""
        line = " ".join(text.split())
        if line != self._status and self._send(f"STATUS={line}"):
            self._status = line

    def feed_watchdog(self) -> None:
        """All is well. To be called often; sent as often as is needed."""
        now = time.monotonic()
        if self._period is None or now - self._fed_at < self._period:
            return
        if self._send("WATCHDOG=1"):
            self._fed_at = now

    def close(self) -> None:
        """Closes the socket."""
        if self._socket is not None:
            self._socket.close()

    def _send(self, message: str) -> bool:
        """Whether it was sent."""
        if self._socket is None:
            return False
        try:
            self._socket.sendto(message.encode(), self._address)
        except OSError:  # the manager has gone, or does not keep up
            return False
        return True
