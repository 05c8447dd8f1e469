"""The audio path never touches the GIL: Python may spin, and not a frame is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.real.capture_beside_spinning import capture, shown
from tests.real.stalls import watched

if TYPE_CHECKING:
    from tests.real.conftest import AudioServer

pytestmark = pytest.mark.real

SECONDS = 6
ATTEMPTS = 3
"""Until one in which the machine itself did not stall, and the audio server with it."""
MARGIN = 256
"""Frames, two periods of the server: its clock and ours are read apart."""


@pytest.mark.timeout(400)
def test_capture_loses_nothing_while_python_spins_and_a_python_callback_does(
    jack_server: AudioServer, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"capture from JACK for {SECONDS} s while two Python threads spin:"]
    for _ in range(ATTEMPTS):
        with watched() as stalls:
            ours = capture("voicestand", jack_server, SECONDS)
        lines.append(f"{shown('voicestand', ours)}; {stalls}")
        # What the server gave is delivered, however the machine stalls.
        assert ours["captured"] == ours["delivered"]
        assert ours["lost"] == 0
        if not stalls.count:
            break
    with watched() as their_stalls:
        theirs = capture("sounddevice", jack_server, SECONDS)
    lines.append(f"{shown('sounddevice', theirs)}; {their_stalls}")
    with capsys.disabled():
        print("", *lines, sep="\n")
    if not stalls.count:
        assert ours["xruns"] == 0
        assert abs(ours["missing"]) <= MARGIN
        assert theirs["missing"] > 5 * ours["missing"]
    assert theirs["missing"] > 300 * SECONDS
