"""What supervisor, worker and template tell each other, and how it is framed."""

from __future__ import annotations

import struct

import msgspec

from voicestand.events import RoutingStats, Severity
from voicestand.speech.protocol import RecognizedWord


class Begin(msgspec.Struct, frozen=True, tag=True):
    """An utterance whose audio begins at sample ``start`` of the log."""

    utterance: str
    start: int


class Advance(msgspec.Struct, frozen=True, tag=True):
    """The log can be read up to sample ``head``."""

    head: int


class End(msgspec.Struct, frozen=True, tag=True):
    """The utterance's audio ends before sample ``end``, all of which is in the log."""

    utterance: str
    end: int
    asked: float
    """When the end was known, seconds of the monotonic clock (one for all processes)."""


class Drop(msgspec.Struct, frozen=True, tag=True):
    """Nobody waits for this utterance any more."""

    utterance: str


class Pace(msgspec.Struct, frozen=True, tag=True):
    """How the worker should share out its work from now on."""

    partial_interval: int
    """Samples between partials."""
    batch: int
    """Samples that must have come before it hears on, unless the utterance has ended."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The model is loaded."""

    engine: str


class Progress(msgspec.Struct, frozen=True, tag=True):
    """The engine has heard the utterance up to sample ``position``."""

    utterance: str
    position: int


class Partial(msgspec.Struct, frozen=True, tag=True):
    """What the engine believes so far."""

    utterance: str
    text: str


class Final(msgspec.Struct, frozen=True, tag=True):
    """The transcript of the utterance."""

    utterance: str
    text: str
    words: list[RecognizedWord]
    started: float
    """When the engine began with the utterance, seconds of the monotonic clock."""
    finished: float
    """When the engine had the transcript."""
    busy: float
    """Seconds between ``End.asked`` and ``finished`` in which the engine computed."""
    engine: str = ""
    """Who recognized it, where the engine has several at hand."""


class Routing(msgspec.Struct, frozen=True, tag=True):
    """What providers elsewhere were asked, since the worker began."""

    stats: RoutingStats


class Notice(msgspec.Struct, frozen=True, tag=True):
    """What the engine has to tell the user."""

    severity: Severity
    code: str
    message: str


class Loaded(msgspec.Struct, frozen=True, tag=True):
    """A template has its model."""

    threads: int
    """Its own included; with more than one it cannot be forked."""


class Fork(msgspec.Struct, frozen=True, tag=True):
    """A worker is wanted of the template; its socket, log and standard error come along."""

    partial_interval: float
    """Seconds between partials."""


class Forked(msgspec.Struct, frozen=True, tag=True):
    """The worker that was wanted."""

    pid: int


Command = Begin | Advance | End | Drop | Pace
Report = Ready | Progress | Partial | Final | Routing | Notice

_LENGTH = struct.Struct("<I")
_encoder = msgspec.msgpack.Encoder()
_commands = msgspec.msgpack.Decoder(Command)
_reports = msgspec.msgpack.Decoder(Report)


def encode(message: Command | Report) -> bytes:
    """One message, preceded by its length (32 bits, little-endian)."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


class _Frames:
    """Cuts a stream of bytes into messages; what a dead sender left half-written never comes."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def split(self, data: bytes) -> list[bytes]:
        self._buffer += data
        bodies, at = [], 0
        while len(self._buffer) - at >= _LENGTH.size:
            end = at + _LENGTH.size + _LENGTH.unpack_from(self._buffer, at)[0]
            if end > len(self._buffer):
                break
            bodies.append(bytes(self._buffer[at + _LENGTH.size : end]))
            at = end
        del self._buffer[:at]
        return bodies


class CommandStream(_Frames):
    """The commands in a stream of bytes."""

    def receive(self, data: bytes) -> list[Command]:
        """The messages that ``data`` completes. Raises ``msgspec.DecodeError`` on anything else."""
        return [_commands.decode(body) for body in self.split(data)]


class ReportStream(_Frames):
    """The reports in a stream of bytes."""

    def receive(self, data: bytes) -> list[Report]:
        """The messages that ``data`` completes. Raises ``msgspec.DecodeError`` on anything else."""
        return [_reports.decode(body) for body in self.split(data)]
