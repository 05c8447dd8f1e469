"""The control socket: commands of this user's other processes, answered by a thread of its own."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from voicestand.daemon.address import short_address
from voicestand.daemon.protocol import MOST_BYTES, Reply, Request, request

SOCKET = "control.sock"

MOST_CLIENTS = 16
"""Beyond these the one that came first is hung up on."""
WAITING_CLIENTS = 128
"""That have connected and are not yet taken; who comes then is told to try again."""


class Server:
    """Listens in ``folder``, which only this user may enter, until it is closed.

    Clients are never waited for: one that does not finish its line, or does not read its replies,
    holds up nobody. To be made by who holds the lock: a socket that is there is a stale one.
    """

    def __init__(self, folder: Path, answer: Callable[[Request], Reply]) -> None:
        """``answer`` is called in the server's thread. Raises ``OSError`` if it cannot listen."""
        self._answer = answer
        self._path = folder / SOCKET
        self._path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX)
        self._waking, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._clients: dict[socket.socket, bytearray] = {}
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)
        try:
            with short_address(self._path) as address:
                self._listening.bind(address)
            self._path.chmod(0o600)
            self._listening.listen(WAITING_CLIENTS)
        except OSError:
            self._release()
            raise

    def start(self) -> None:
        """Begins to answer."""
        for one in (self._listening, self._woken):
            one.setblocking(False)
            self._selector.register(one, selectors.EVENT_READ)
        self._thread.start()

    def close(self) -> None:
        """Hangs up, which is how a client learns that it has ended."""
        self._waking.close()
        if self._thread.is_alive():
            self._thread.join()
        self._path.unlink(missing_ok=True)
        self._release()

    def _release(self) -> None:
        self._selector.close()
        for one in (self._listening, self._waking, self._woken, *self._clients):
            one.close()

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                one = key.fileobj
                assert isinstance(one, socket.socket)
                if one is self._woken:
                    return
                if one is self._listening:
                    self._take_client()
                elif one in self._clients:  # else it was hung up on in this very turn
                    self._hear(one)

    def _take_client(self) -> None:
        try:
            client, _ = self._listening.accept()
        except OSError:  # it has gone again, or there are no file descriptors left
            return
        client.setblocking(False)
        if len(self._clients) == MOST_CLIENTS:
            self._hang_up(next(iter(self._clients)))
        self._clients[client] = bytearray()
        self._selector.register(client, selectors.EVENT_READ)

    def _hear(self, client: socket.socket) -> None:
        waiting = self._clients[client]
        try:
            waiting += (said := client.recv(MOST_BYTES))
            # What is behind the last line break waits for the rest.
            *lines, waiting[:] = waiting.split(b"\n")
            replies = [self._reply(line) for line in lines]
            if len(waiting) >= MOST_BYTES:
                replies.append(Reply(error=f"a request has at most {MOST_BYTES} bytes"))
            for reply in replies:
                client.sendall(msgspec.json.encode(reply) + b"\n")
        except OSError:  # it has gone, or does not read: then sending would have to wait
            self._hang_up(client)
        else:
            if not said or len(waiting) >= MOST_BYTES:
                self._hang_up(client)

    def _reply(self, line: bytes | bytearray) -> Reply:
        try:
            return self._answer(request(bytes(line)))
        except ValueError as error:
            return Reply(error=str(error))
        except Exception as error:
            return Reply(error=f"it failed: {type(error).__name__}: {error}")

    def _hang_up(self, client: socket.socket) -> None:
        self._selector.unregister(client)
        del self._clients[client]
        client.close()
