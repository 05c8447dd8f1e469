"""A JACK client that plays impulses to ``loopback`` until stdin ends; prints when they were, JSON.

Run as ``python -m benches.probes.impulses`` with a JACK server in the environment. The samples are
written by a native process callback, which notes JACK's own time of the frame. Nothing of
VoiceStand is used. Prints ``latency``, the frames from the converter to ``loopback:capture_1`` as
JACK states them, and of each impulse ``times``, on ``time.monotonic()`` (the n-th is told by n
modulo 64), ``late``: whether a cycle around it was, by a stall of the machine, so that the loopback
held the impulse for as long; and ``ahead``: by how many seconds JACK, catching up after that, told
a time that was yet to come. The impulse's time is then that of the call, since nothing is played in
the future.
"""

from __future__ import annotations

import ctypes
import json
import sys

from benches.probes.jack_clock import AUDIO, IS_OUTPUT, JackClient
from benches.probes.native import library

EVERY = 967
"""Frames from one impulse to the next: some 20 ms, and coprime to every period."""
MOST = 100_000
LATE = 0.5
"""Periods by which a cycle is late, or a client called late in it, where the machine stalls."""


class _Played(ctypes.Structure):
    _fields_ = [
        ("at", ctypes.c_uint64),
        ("cycle", ctypes.c_uint64),
        ("called", ctypes.c_uint64),
        ("next_cycle", ctypes.c_uint64),
    ]


class _Impulses(ctypes.Structure):
    _fields_ = [
        ("client", ctypes.c_void_p),
        ("port", ctypes.c_void_p),
        ("port_buffer", ctypes.c_void_p),
        ("cycle_times", ctypes.c_void_p),
        ("time", ctypes.c_void_p),
        ("every", ctypes.c_uint32),
        ("left", ctypes.c_uint32),
        ("played", ctypes.POINTER(_Played)),
        ("capacity", ctypes.c_uint64),
        ("count", ctypes.c_uint64),
    ]


def _is_late(played: _Played, period: float) -> bool:
    between, behind = played.next_cycle - played.cycle, played.called - played.cycle
    return not 0 < between < (1 + LATE) * period or behind > LATE * period


def _ahead(played: _Played) -> float:
    return 1e-6 * float(max(0, played.cycle - played.called))


def main() -> None:
    client = JackClient("impulses")
    jack = client.jack
    played = (_Played * MOST)()
    playing = _Impulses(
        client=client.handle,
        port=jack.jack_port_register(client.handle, b"out", AUDIO, IS_OUTPUT, 0),
        port_buffer=ctypes.cast(jack.jack_port_get_buffer, ctypes.c_void_p),
        cycle_times=ctypes.cast(jack.jack_get_cycle_times, ctypes.c_void_p),
        time=ctypes.cast(jack.jack_get_time, ctypes.c_void_p),
        every=EVERY,
        left=EVERY,
        played=played,
        capacity=MOST,
        count=0,
    )
    process = ctypes.cast(library().voicestand_play_impulses, ctypes.c_void_p)
    jack.jack_set_process_callback(client.handle, process, ctypes.addressof(playing))
    jack.jack_activate(client.handle)
    if jack.jack_connect(client.handle, b"impulses:out", b"loopback:playback_1"):
        raise SystemExit("the server has no loopback")
    print("playing", flush=True)
    sys.stdin.readline()
    jack_ahead = client.time_ahead()
    latency = client.capture_latency("loopback:capture_1")
    period = 1e6 * client.period
    client.close()
    every = played[: playing.count]
    told = {
        "latency": latency,
        "times": [1e-6 * one.at - jack_ahead - _ahead(one) for one in every],
        "late": [_is_late(one, period) for one in every],
        "ahead": [_ahead(one) for one in every],
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
