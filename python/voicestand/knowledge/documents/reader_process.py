"""Reading documents in a process of its own, which may hang, grow or die of what is in them."""

from __future__ import annotations

import os
import resource
import select
import struct
import subprocess
import sys
import time
from typing import IO, Any, Self

import msgspec

from voicestand.cpu.child_process import settle
from voicestand.errors import InputError
from voicestand.knowledge import documents
from voicestand.knowledge.documents.block import Block

SECONDS = 60.0
"""For one document; a thousand pages of PDF take some ten."""

MEMORY = 2 << 30
"""Bytes of address space; more ends the process."""

_LENGTH = struct.Struct("<Q")


class _Request(msgspec.Struct):
    form: documents.Format
    data: bytes


class _Reply(msgspec.Struct):
    blocks: list[Block]
    refusal: str


class ReaderProcess:
    """Reads one document after the other; started when first needed, anew when it was lost."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None

    def read(self, form: documents.Format, data: bytes) -> list[Block]:
        """The blocks of a document. Raises ``InputError`` for what cannot be read."""
        if form not in documents.FOREIGN:
            return documents.read(form, data)
        try:
            reply = self._asked(_Request(form, data))
        except TimeoutError:
            self.close()
            raise InputError(f"cannot be read within {self._seconds:g} s") from None
        except (OSError, EOFError, msgspec.MsgspecError):
            self.close()
            raise InputError("cannot be read: it takes too much memory, or is damaged") from None
        if reply.refusal:
            raise InputError(reply.refusal)
        return reply.blocks

    def close(self) -> None:
        """Ends the process."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _asked(self, request: _Request) -> _Reply:
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-m", __name__, str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        deadline = time.monotonic() + self._seconds
        _send(self._child.stdin, msgspec.msgpack.encode(request))
        length = _LENGTH.unpack(_received(self._child.stdout, _LENGTH.size, deadline))[0]
        reply = _received(self._child.stdout, length, deadline)
        return msgspec.msgpack.decode(reply, type=_Reply)


def _send(pipe: IO[bytes], message: bytes) -> None:
    # The child reads a request whole before it does anything with it, so this does not hang.
    pipe.write(_LENGTH.pack(len(message)) + message)
    pipe.flush()


def _received(pipe: IO[bytes], count: int, deadline: float) -> bytes:
    """So many bytes. Raises ``TimeoutError``, ``EOFError``."""
    parts = bytearray()
    while len(parts) < count:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            raise TimeoutError
        part = os.read(pipe.fileno(), min(1 << 20, count - len(parts)))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _reply(request: _Request) -> _Reply:
    try:
        return _Reply(documents.read(request.form, request.data), "")
    except InputError as error:
        return _Reply([], str(error))
    except (RecursionError, MemoryError) as error:
        return _Reply([], f"cannot be read ({type(error).__name__})")


def main() -> None:
    """Answers requests on standard input until it ends."""
    settle(int(sys.argv[1]), "vs-documents", niceness=5)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests: Any = sys.stdin.buffer
    while head := requests.read(_LENGTH.size):
        request = msgspec.msgpack.decode(requests.read(_LENGTH.unpack(head)[0]), type=_Request)
        _send(sys.stdout.buffer, msgspec.msgpack.encode(_reply(request)))


if __name__ == "__main__":
    main()
