"""The control socket answers whatever comes, and waits for nobody."""

from __future__ import annotations

import socket
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from itertools import repeat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicestand.daemon.address import short_address
from voicestand.daemon.client import Client, NotRunningError
from voicestand.daemon.control import MOST_CLIENTS, SOCKET, Server
from voicestand.daemon.protocol import MOST_BYTES, Reply, Request, Status
from voicestand.errors import VoicestandError

STATUS = Status(state="listening", pid=7, daemon=True)


def answer(request: Request) -> Reply:
    if request.command == "pause":
        raise OSError("the device hangs")
    return Reply(status=STATUS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whose path is longer than the address of a socket may be."""
    found = tmp_path_factory.mktemp("x" * 120)
    found.chmod(0o700)
    return found


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    server = Server(folder, answer)
    server.start()
    yield server
    server.close()


def connected(folder: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(30)
    with short_address(folder / SOCKET) as address:
        client.connect(address)
    return client


def everything(client: socket.socket) -> bytes:
    """What is said until the server hangs up."""
    heard = b""
    try:
        while said := client.recv(65536):
            heard += said
    except ConnectionResetError:  # it did not read what we said
        pass
    return heard


def still_answers(folder: Path) -> bool:
    with closing(Client(folder)) as client:
        return client.ask("status") == STATUS


def test_only_its_user_may_connect(server: Server, folder: Path) -> None:
    assert stat.S_IMODE((folder / SOCKET).stat().st_mode) == 0o600


def test_a_status_says_that_nothing_was_lost_instead_of_leaving_it_out() -> None:
    said = msgspec.json.decode(msgspec.json.encode(Reply(status=STATUS)))["status"]
    assert set(said) == set(Status.__struct_fields__)
    assert (said["frames_lost"], said["xruns"], said["session"]) == (0, 0, None)


def test_a_request_has_a_reply_and_a_failure_is_one(server: Server, folder: Path) -> None:
    with closing(Client(folder)) as client:
        assert client.ask("status") == STATUS
        with pytest.raises(VoicestandError, match="OSError: the device hangs"):
            client.ask("pause")
        assert client.ask("resume") == STATUS


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=200),
            st.binary(min_size=MOST_BYTES - 2, max_size=MOST_BYTES + 2),
            st.sampled_from(
                [
                    b'{"command":"status"}',
                    b'{"command":"explode"}',
                    b'{"command":"status","more":1}',
                    b'{"command":["status"]}',
                    b"[" * 4000,
                    b"\xff\xfe",
                    b"null",
                    b"",
                ]
            ),
        ),
        max_size=6,
    )
)
def test_any_input_has_an_answer_for_each_line_and_harms_nobody(
    server: Server, folder: Path, said: list[bytes]
) -> None:
    data = b"".join(line + b"\n" for line in said)
    with connected(folder) as client:
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        except OSError:  # it hung up before
            pass
        heard = everything(client)
    replies = [msgspec.json.decode(line, type=Reply) for line in heard.splitlines()]
    assert all((reply.status is None) != (reply.error is None) for reply in replies)
    assert all("\n" not in (reply.error or "") for reply in replies)
    if all(len(line) < MOST_BYTES - 2 for line in data.split(b"\n")):
        assert len(replies) == data.count(b"\n")
    assert still_answers(folder)


def test_a_line_without_an_end_is_refused(server: Server, folder: Path) -> None:
    with connected(folder) as client:
        client.sendall(b" " * MOST_BYTES)
        assert b"at most 4096 bytes" in everything(client)


def test_clients_that_say_nothing_hold_up_nobody(server: Server, folder: Path) -> None:
    silent = [connected(folder) for _ in range(3 * MOST_CLIENTS)]
    assert still_answers(folder)
    # The first ones were hung up on to have room.
    assert everything(silent[0]) == b""
    for client in silent:
        client.close()


def test_a_client_that_does_not_read_is_hung_up_on(server: Server, folder: Path) -> None:
    with connected(folder) as client:
        client.settimeout(30)
        requests = b'{"command":"status"}\n' * 100
        with pytest.raises(OSError, match=r"Broken pipe|Connection reset"):
            deque(map(client.sendall, repeat(requests)))
    assert still_answers(folder)


def test_a_stale_socket_is_replaced_and_a_closed_one_is_gone(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead, short_address(tmp_path / SOCKET) as address:
        dead.bind(address)
    with pytest.raises(NotRunningError):
        Client(tmp_path)
    server = Server(tmp_path, answer)
    server.start()
    assert still_answers(tmp_path)
    with closing(Client(tmp_path)) as client:
        server.close()
        client.wait_for_end()
    assert list(tmp_path.iterdir()) == []
