"""Whether a JACK server is there, and keeping PortAudio away from it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voicestand._native import JackClient

_UNSEEN = {"JACK_DEFAULT_SERVER": "voicestand-sees-none", "PIPEWIRE_NOJACK": "1"}
"""What makes JACK's own library, and PipeWire's in its place, find no server."""


def answers() -> bool:
    """Whether libjack, JACK's or PipeWire's, reaches a server."""
    server = os.environ.get("JACK_DEFAULT_SERVER") or "default"
    # In this order: a server that hangs has a socket, and a client would hang with it.
    if Path(f"/dev/shm/jack_{server}_{os.getuid()}_0").is_socket():
        return True
    try:
        JackClient("voicestand").close()
    except ConnectionError:
        return False
    return True


@contextmanager
def unseen() -> Iterator[None]:
    """While open, this process finds no JACK server."""
    before = {name: os.environ.get(name) for name in _UNSEEN}
    os.environ.update(_UNSEEN)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
