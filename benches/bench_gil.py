"""Claim: capture loses nothing while Python threads spin, where a Python callback loses seconds.

Peers: ``sounddevice`` with a callback in Python, and ``rtmixer``, whose callback is in C. Input: a
JACK server (dummy driver, 48 kHz, periods of 64, 128 and 256 frames) for 60 s a side, one after the
other, two Python threads spinning in each side's process; ``VOICESTAND_GIL_SECONDS`` makes it
shorter. Units: frames that went by on the server's clock and were not received, as far as they are
more than two periods, and the largest gap between two callbacks in ms (rtmixer does not tell it).
Where the machine itself stalls, the server loses audio for every side: a watcher says when.
"""

from __future__ import annotations

import os

import pytest
from tests.real.capture_beside_spinning import capture, shown
from tests.real.conftest import running_jack
from tests.real.stalls import watched

from voicestand.bench.record import Bound, record

SECONDS = float(os.environ.get("VOICESTAND_GIL_SECONDS", "60"))
SIDES = ["voicestand", "sounddevice", "rtmixer"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("period", [64, 128, 256])
def test_capture_for_a_minute_while_two_python_threads_spin(
    capsys: pytest.CaptureFixture[str], period: int
) -> None:
    missing, lines = {}, []
    with running_jack(period) as server:
        for side in SIDES:
            with watched() as stalls:
                seen = capture(side, server, SECONDS)
            # The server's clock and the side's count are read apart: so much may be between.
            missing[side] = max(0, seen["missing"] - 2 * period)
            lines.append(f"{shown(side, seen)}; {stalls}")
    record(
        "gil-frames-lost" if period == 128 else f"gil-frames-lost-{period}",
        "capture loses nothing while two Python threads spin",
        input=f"JACK's dummy driver, 48 kHz, periods of {period} frames, {SECONDS:g} s a side",
        unit="frames",
        ours=[missing["voicestand"]],
        peers={peer: [missing[peer]] for peer in SIDES[1:]},
        bounds=[Bound(0.0), *(Bound(1.0, peer) for peer in SIDES[1:])],
    )
    ours = max(1, missing["voicestand"])
    with capsys.disabled():
        print(
            f"\ncapture from JACK, periods of {period} frames, {SECONDS:g} s a side, "
            "while two Python threads spin:",
            *lines,
            sep="\n",
        )
        for peer in (peer for peer in SIDES[1:] if missing[peer]):
            print(f"  ratio of frames missing, {peer} / voicestand: {missing[peer] / ours:.1f}")
