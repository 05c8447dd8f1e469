"""libjack by ``ctypes``: a client of the benches' own."""

from __future__ import annotations

import ctypes
from typing import Any

NO_START_SERVER = 1
IS_INPUT = 1
IS_OUTPUT = 2
CAPTURE_LATENCY = 0
AUDIO = b"32 bit float mono audio"


class LatencyRange(ctypes.Structure):
    _fields_ = [("least", ctypes.c_uint32), ("most", ctypes.c_uint32)]


def load() -> Any:
    """libjack with the types of what is used here."""
    jack = ctypes.CDLL("libjack.so.0")
    handle, name = ctypes.c_void_p, ctypes.c_char_p
    types: list[tuple[Any, Any, list[Any] | None]] = [
        (jack.jack_client_open, handle, None),
        (jack.jack_port_register, handle, [handle, name, name, ctypes.c_ulong, ctypes.c_ulong]),
        (jack.jack_port_by_name, handle, [handle, name]),
        (jack.jack_set_process_callback, ctypes.c_int, [handle, handle, handle]),
        (jack.jack_activate, ctypes.c_int, [handle]),
        (jack.jack_connect, ctypes.c_int, [handle, name, name]),
        (jack.jack_client_close, ctypes.c_int, [handle]),
        (jack.jack_get_buffer_size, ctypes.c_uint32, [handle]),
        (jack.jack_get_sample_rate, ctypes.c_uint32, [handle]),
        (
            jack.jack_port_get_latency_range,
            None,
            [handle, ctypes.c_int, ctypes.POINTER(LatencyRange)],
        ),
    ]
    for function, result, arguments in types:
        function.restype = result
        if arguments is not None:
            function.argtypes = arguments
    return jack


class JackClient:
    """An open client. Raises ``ConnectionError`` without a server."""

    def __init__(self, name: str) -> None:
        self.jack = load()
        self.handle = self.jack.jack_client_open(name.encode(), NO_START_SERVER, None)
        if not self.handle:
            raise ConnectionError("no JACK server answers")

    @property
    def buffer_frames(self) -> int:
        """Frames of a cycle."""
        return int(self.jack.jack_get_buffer_size(self.handle))

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return int(self.jack.jack_get_sample_rate(self.handle))

    def capture_latency(self, port: str) -> int:
        """Frames from the converter to ``port``, as JACK states them."""
        latency = LatencyRange()
        found = self.jack.jack_port_by_name(self.handle, port.encode())
        self.jack.jack_port_get_latency_range(found, CAPTURE_LATENCY, ctypes.byref(latency))
        return int(latency.most)

    def close(self) -> None:
        self.jack.jack_client_close(self.handle)
