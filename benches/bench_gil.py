"""Claim: capture loses nothing while Python threads spin, where a Python callback loses seconds.

Peers: ``sounddevice`` with a callback in Python, and ``rtmixer``, whose callback is in C. Input: a
JACK server (dummy driver, 48 kHz, periods of 128 frames) for 60 s a side, one after the other, two
Python threads spinning in each side's process. Units: frames that went by on the server's clock and
were not received, and the largest gap between two callbacks in ms (rtmixer does not tell it). Where
the machine itself stalls, the server loses audio for every side: a watcher says when.
"""

from __future__ import annotations

import pytest
from tests.real.capture_beside_spinning import capture, shown
from tests.real.conftest import running_jack
from tests.real.stalls import watched

from voicestand.bench.record import Bound, record

SECONDS = 60
SIDES = ["voicestand", "sounddevice", "rtmixer"]


@pytest.mark.timeout(600)
def test_capture_for_a_minute_while_two_python_threads_spin(
    capsys: pytest.CaptureFixture[str],
) -> None:
    missing, lines = {}, []
    with running_jack() as server:
        for side in SIDES:
            with watched() as stalls:
                seen = capture(side, server, SECONDS)
            missing[side] = seen["missing"]
            lines.append(f"{shown(side, seen)}; {stalls}")
    record(
        "gil-frames-lost",
        "capture loses nothing while two Python threads spin",
        input=f"JACK's dummy driver, 48 kHz, periods of 128 frames, {SECONDS} s a side",
        unit="frames",
        ours=[missing["voicestand"]],
        peers={peer: [missing[peer]] for peer in SIDES[1:]},
        bounds=[Bound(0.0), *(Bound(1.0, peer) for peer in SIDES[1:])],
    )
    ours = max(1, missing["voicestand"])
    with capsys.disabled():
        print(
            f"\ncapture from JACK for {SECONDS} s while two Python threads spin:", *lines, sep="\n"
        )
        for peer in SIDES[1:]:
            print(f"  ratio of frames missing, {peer} / voicestand: {missing[peer] / ours:.1f}")
