"""Records as the tests make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from voicestand.bench.record import Bound, Record
from voicestand.bench.runner import Outcome

PEER = "the peer"

positive = st.floats(1e-6, 1e6)


def made(
    ours: Sequence[float], peer: Sequence[float] | None = None, name: str = "made", **rest: Any
) -> Record:
    given: dict[str, Any] = {"claim": "it is quick", "input": "nothing", "unit": "ms", **rest}
    peers = {} if peer is None else {PEER: list(peer)}
    return Record(name=name, ours=list(ours), peers=peers, **given)


def beside_peer(least: float) -> list[Bound]:
    return [Bound(least, PEER)]


def outcome(*records: Record, bench: str = "made", printed: str = "", **rest: Any) -> Outcome:
    given: dict[str, Any] = {"trouble": [], "left_out": [], **rest}
    return Outcome(bench=bench, seconds=1.0, records=list(records), printed=printed, **given)
