"""A JACK client that plays impulses to ``loopback`` until stdin ends; prints when they were, JSON.

Run as ``python -m benches.probes.impulses`` with a JACK server in the environment. The samples are
written by a native process callback, which notes of each cycle when the server had woken for it.
Nothing of VoiceStand is used. Prints ``latency``, the frames from the converter to
``loopback:capture_1`` as JACK states them, and of each impulse ``times``, on ``time.monotonic()``
(the n-th is told by n modulo 64), and ``late``: whether the server or this client was late around
it, by a stall of the machine, so that the loopback held the impulse for longer or lost it.

The client also listens to the loopback. JACK then calls it only when the loopback has copied what
was played in the cycle before; otherwise both would run at once, and now and then an impulse would
come back in the cycle in which it was played, a period early.
"""

from __future__ import annotations

import ctypes
import json
import sys

import numpy as np
from benches.probes.grid import grid
from benches.probes.jack_client import AUDIO, IS_INPUT, IS_OUTPUT, JackClient
from benches.probes.native import library

EVERY = 967
"""Frames from one impulse to the next: some 20 ms, and coprime to every period."""
MOST = 1_000_000
LATE = 0.5
"""Periods by which a cycle is late, or a client called late in it, where the machine stalls."""

_CALL = np.dtype([("count", "u4"), ("impulse", "i4"), ("begun_ns", "u8"), ("done_ns", "u8")])


class _Impulses(ctypes.Structure):
    _fields_ = [
        ("client", ctypes.c_void_p),
        ("port", ctypes.c_void_p),
        ("port_buffer", ctypes.c_void_p),
        ("last_frame_time", ctypes.c_void_p),
        ("frames_since_cycle_start", ctypes.c_void_p),
        ("sample_rate", ctypes.c_uint32),
        ("every", ctypes.c_uint32),
        ("left", ctypes.c_uint32),
        ("impulses", ctypes.c_uint32),
        ("calls", ctypes.c_void_p),
        ("capacity", ctypes.c_uint64),
        ("count", ctypes.c_uint64),
    ]


def main() -> None:
    client = JackClient("impulses")
    jack = client.jack
    calls = np.zeros(MOST, _CALL)
    playing = _Impulses(
        client=client.handle,
        port=jack.jack_port_register(client.handle, b"out", AUDIO, IS_OUTPUT, 0),
        port_buffer=ctypes.cast(jack.jack_port_get_buffer, ctypes.c_void_p),
        last_frame_time=ctypes.cast(jack.jack_last_frame_time, ctypes.c_void_p),
        frames_since_cycle_start=ctypes.cast(jack.jack_frames_since_cycle_start, ctypes.c_void_p),
        sample_rate=client.sample_rate,
        every=EVERY,
        left=EVERY,
        impulses=0,
        calls=calls.ctypes.data,
        capacity=MOST,
        count=0,
    )
    process = ctypes.cast(library().voicestand_play_impulses, ctypes.c_void_p)
    jack.jack_port_register(client.handle, b"in", AUDIO, IS_INPUT, 0)
    jack.jack_set_process_callback(client.handle, process, ctypes.addressof(playing))
    jack.jack_activate(client.handle)
    # Listening first: no impulse may be played while the loopback is not waited for.
    listening = jack.jack_connect(client.handle, b"loopback:capture_1", b"impulses:in")
    if listening or jack.jack_connect(client.handle, b"impulses:out", b"loopback:playback_1"):
        raise SystemExit("the server has no loopback")
    print("playing", flush=True)
    sys.stdin.readline()
    latency = client.capture_latency("loopback:capture_1")
    rate, period = client.sample_rate, client.buffer_frames / client.sample_rate
    client.close()
    made = calls[: playing.count]
    begun, done = 1e-9 * made["begun_ns"], 1e-9 * made["done_ns"]
    began = grid(made["count"], begun, rate)
    # The next cycle, in which the loopback copies the impulse, may be late as well.
    between = np.append(np.diff(began), 0.0)
    late = np.maximum(done, begun) - began > LATE * period
    late |= np.append(late[1:], True) | (np.abs(between - period) > LATE * period)
    played = made["impulse"] >= 0
    told = {
        "latency": latency,
        "times": (began + made["impulse"] / rate)[played].tolist(),
        "late": late[played].tolist(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
