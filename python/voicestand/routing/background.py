"""An event loop in a thread of its own, with the connections of a client of HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

import aiohttp

KEPT_OPEN = 60.0
"""Seconds that a connection waits for the next request: a handshake less in its latency."""

CLOSING = 2.0
"""Seconds for which the end of the connections is awaited: a server that holds on to one does not
hold on to us."""

T = TypeVar("T")


class Background:
    """Begins when it is made; a process that has one may not be forked."""

    def __init__(self, name: str) -> None:
        """``name``: of the thread."""
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name=name, daemon=True).start()
        self.connections = self.run(_connections()).result()

    def run(self, coroutine: Coroutine[object, object, T]) -> Future[T]:
        """Runs it in the loop; any thread may wait for it, or cancel it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def close(self) -> None:
        """Closes the connections and ends the thread."""
        with suppress(TimeoutError):
            self.run(self.connections.close()).result(CLOSING)
        self.loop.call_soon_threadsafe(self.loop.stop)


async def _connections() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(keepalive_timeout=KEPT_OPEN),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # the router has one
        cookie_jar=aiohttp.DummyCookieJar(),
    )
