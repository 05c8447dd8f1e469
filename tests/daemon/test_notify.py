"""What systemd is told, on a real datagram socket."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from voicestand.daemon.notify import Notifier


@pytest.fixture(params=["abstract", "path"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    """The socket of a service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        abstract = f"\0voicestand-{uuid.uuid4().hex}"
        manager.bind(abstract if request.param == "abstract" else str(tmp_path / "notify"))
        manager.setblocking(False)
        yield manager


def environment(manager: socket.socket) -> dict[str, str]:
    name = manager.getsockname()
    address = f"@{name[1:].decode()}" if isinstance(name, bytes) else name
    return {"NOTIFY_SOCKET": address}


def heard(manager: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(manager.recv(4096).decode())
        except BlockingIOError:
            return found


def test_each_message_is_a_datagram(manager: socket.socket) -> None:
    with closing(Notifier(environment(manager))) as notifier:
        notifier.ready()
        notifier.status("listening")
        notifier.status("listening")
        notifier.status("two\nlines")
        notifier.stopping()
    expected = ["READY=1", "STATUS=listening", "STATUS=two lines", "STOPPING=1"]
    assert heard(manager) == expected


def test_the_watchdog_is_fed_as_often_as_it_needs(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    watched = environment(manager) | {"WATCHDOG_USEC": "20000000"}
    with closing(Notifier(watched)) as notifier:
        for _ in range(21):
            notifier.feed_watchdog()
            now += 1
    assert heard(manager) == ["WATCHDOG=1"] * 5


@pytest.mark.parametrize(
    "watch", [{}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}]
)
def test_who_is_not_watched_feeds_nothing(manager: socket.socket, watch: dict[str, str]) -> None:
    with closing(Notifier(environment(manager) | watch)) as notifier:
        notifier.feed_watchdog()
    assert heard(manager) == []


def test_children_do_not_speak_for_the_service() -> None:
    environ = {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "1", "WATCHDOG_PID": str(os.getpid())}
    Notifier(environ).close()
    assert environ == {}


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/at/all", "@" + "x" * 300])
def test_nobody_to_tell_is_no_trouble(address: str) -> None:
    with closing(Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1"})) as notifier:
        notifier.ready()
        notifier.feed_watchdog()
        notifier.stopping()


def test_a_manager_that_does_not_read_is_not_waited_for(manager: socket.socket) -> None:
    with closing(Notifier(environment(manager))) as notifier:
        for n in range(10_000):
            notifier.status(f"{n}")
    assert heard(manager)[0] == "STATUS=0"
