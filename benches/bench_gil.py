"""Claim: capture loses nothing while Python threads spin, where a Python callback loses seconds.

Peers: ``sounddevice`` with a callback in Python, and ``rtmixer``, whose callback is in C. Input: a
JACK server (dummy driver, 48 kHz, periods of 64, 128 and 256 frames), callbacks of a period each,
turns of 15 s, alternating, 60 s a side, two Python threads spinning in each side's process. Units:
frames that went by on the server's clock and were not received, as far as they are more than two
periods a turn; the time from one callback to the next in ms (99.9th percentile and largest), taken
by native code at the callback's entry; and how many of them were longer than two periods.
VoiceStand has besides a Python thread that reads every block. Where the machine itself stalls, the
server loses audio for every side: a watcher says when. So VoiceStand and rtmixer also run beside
each other on one server for 60 s: a gap that both have at the same time is the machine's, and what
only one has counts.

``VOICESTAND_GIL_SECONDS`` makes it shorter.
"""

from __future__ import annotations

import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from benches.probes import native
from numpy.typing import NDArray
from tests.real.capture_beside_spinning import in_a_process
from tests.real.conftest import running_jack
from tests.real.stalls import watched

from voicestand.bench.figures import quantile
from voicestand.bench.record import Bound, record

if TYPE_CHECKING:
    from tests.real.capture_beside_spinning import Figures
    from tests.real.conftest import AudioServer

RATE = 48_000
SECONDS = float(os.environ.get("VOICESTAND_GIL_SECONDS", "60"))
TURNS = 4
SIDES = ["voicestand", "rtmixer", "sounddevice"]
PEERS = SIDES[1:]


Gaps = NDArray[np.float64]
"""(beginning, end), seconds."""


def gaps_between(times: list[float | None]) -> Gaps:
    """From one callback to the next; none where calls between were not noted."""
    noted = np.array(times, np.float64)
    gaps = np.stack([noted[:-1], noted[1:]], axis=1)
    return gaps[np.isfinite(gaps).all(axis=1)]


def over_two_periods(gaps: Gaps, period: int) -> Gaps:
    return gaps[gaps[:, 1] - gaps[:, 0] > 2 * period / RATE]


def only_in(ours: Gaps, theirs: Gaps) -> int:
    """How many of ``ours`` overlap with none of ``theirs``."""
    return sum(not ((theirs[:, 0] < end) & (theirs[:, 1] > begin)).any() for begin, end in ours)


class Seen:
    """What one side showed in all its turns."""

    def __init__(self) -> None:
        self.frames = self.missing = self.xruns = self.stalls = self.overrun = 0
        self.gaps: list[float] = []
        self.p999: list[float] = []
        """Of each turn, ms."""
        self.over_two = 0
        """Gaps longer than two periods."""

    def line(self, name: str) -> str:
        p999, largest = quantile(self.gaps, 0.999), max(self.gaps)
        return (
            f"  {name:<12} frames lost {self.missing:9,} of {self.frames:,}; gaps p99.9 "
            f"{p999:6.2f} ms, largest {largest:6.1f}, over two periods {self.over_two:5,} "
            f"of {len(self.gaps):,}; xruns {self.xruns:,}; the machine stalled {self.stalls} times"
        )


def listen(name: str, server: AudioServer, seconds: float, period: int) -> tuple[Figures, Gaps]:
    told = in_a_process("benches.probes.callback_gaps", name, server, seconds, period)
    return told["figures"], gaps_between(told["times"])


class Beside(NamedTuple):
    """VoiceStand's figure and rtmixer's, both at the same time on one server."""

    ours: int
    theirs: int


def side_by_side(period: int) -> tuple[Beside, Beside]:
    """Gaps over two periods that only one of them had; frames that went by."""
    with running_jack(period) as server, ThreadPoolExecutor(2) as both:
        told = [both.submit(listen, name, server, SECONDS, period) for name in SIDES[:2]]
        results = [one.result() for one in told]
    ours, theirs = (over_two_periods(gaps, period) for _, gaps in results)
    missing = [max(0, int(figures["missing"]) - 2 * period) for figures, _ in results]
    return Beside(only_in(ours, theirs), only_in(theirs, ours)), Beside(*missing)


def take_turns(period: int) -> dict[str, Seen]:
    seen: dict[str, Seen] = defaultdict(Seen)
    with running_jack(period) as server:
        for _ in range(TURNS):
            for name in SIDES:
                with watched() as stalls:
                    figures, gaps = listen(name, server, SECONDS / TURNS, period)
                side, durations = seen[name], [1e3 * float(end - begin) for begin, end in gaps]
                side.frames += int(figures["frames"])
                # The server's clock and the side's count are read apart: so much may be between.
                side.missing += max(0, int(figures["missing"]) - 2 * period)
                side.overrun += int(figures.get("lost", 0))
                side.xruns += int(figures["xruns"])
                side.gaps += durations
                side.p999.append(quantile(durations, 0.999))
                side.over_two += len(over_two_periods(gaps, period))
                side.stalls += stalls.count
    return seen


@pytest.mark.timeout(900)
@pytest.mark.parametrize("period", [64, 128, 256])
def test_capture_for_a_minute_while_two_python_threads_spin(
    capsys: pytest.CaptureFixture[str], period: int
) -> None:
    pytest.importorskip("rtmixer", reason="needs rtmixer: pip install --group bench")
    native.build()
    seen = take_turns(period)
    gaps, missing = side_by_side(period)
    ours, suffix = seen["voicestand"], "" if period == 128 else f"-{period}"
    input = f"JACK's dummy driver, 48 kHz, periods of {period} frames, {SECONDS:g} s a side"
    record(
        f"gil-frames-lost{suffix}",
        "capture loses nothing while two Python threads spin",
        input=input,
        unit="frames",
        ours=[ours.missing],
        peers={peer: [seen[peer].missing] for peer in PEERS},
        bounds=[Bound(0.0), *(Bound(1.0, peer) for peer in PEERS)],
    )
    record(
        f"gil-gaps-over-two-periods{suffix}",
        "while two Python threads spin, no gap over two periods that rtmixer does not also have",
        input=f"{input}, both at the same time",
        unit="gaps",
        ours=[gaps.ours],
        peers={"rtmixer": [gaps.theirs]},
        bounds=[Bound(1.0, "rtmixer")],
    )
    record(
        f"gil-frames-lost-beside{suffix}",
        "while two Python threads spin, capture loses no frame that rtmixer does not also lose",
        input=f"{input}, both at the same time",
        unit="frames",
        ours=[missing.ours],
        peers={"rtmixer": [missing.theirs]},
        bounds=[Bound(1.0, "rtmixer")],
    )
    record(
        f"gil-frames-overrun{suffix}",
        "of what the server gives, a reader beside two spinning Python threads loses nothing",
        input=input,
        unit="frames",
        ours=[ours.overrun],
        bounds=[Bound(0.0)],
    )
    record(
        f"gil-callback-gaps{suffix}",
        "while two Python threads spin, callbacks come as regularly as rtmixer's (p99.9 of a turn)",
        input=input,
        unit="ms",
        ours=ours.p999,
        peers={peer: seen[peer].p999 for peer in PEERS},
    )
    with capsys.disabled():
        print(f"\n{input}, while two Python threads spin:")
        for name in SIDES:
            print(seen[name].line(name))
        print(
            f"  of what the server gave, voicestand's reader lost {ours.overrun} frames; both at "
            f"the same time: gaps over two periods only in voicestand {gaps.ours}, only in "
            f"rtmixer {gaps.theirs}; frames lost {missing.ours:,} and {missing.theirs:,}"
        )
        for peer in PEERS:
            p999 = quantile(seen[peer].gaps, 0.999) / quantile(ours.gaps, 0.999)
            largest = max(seen[peer].gaps) / max(ours.gaps)
            lost = seen[peer].missing / max(1, ours.missing)
            print(
                f"  {peer} / voicestand: gaps p99.9 {p999:.2f}, largest {largest:.2f}; "
                f"frames lost {lost:,.1f}"
            )
