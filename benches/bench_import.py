"""Claim: ``import voicestand`` costs less than 80 ms above the bare interpreter.

Peer: the bare interpreter, started in alternation. Input: none; nothing but the import. Unit:
milliseconds of a whole process, median.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from voicestand.bench.record import Bound, record

ROUNDS = 15
CLAIM_MS = 80.0


def process_ms(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return 1e3 * (time.perf_counter() - began)


@pytest.mark.benchmark(group="import")
def test_import_of_voicestand_beside_the_bare_interpreter(
    benchmark: BenchmarkFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    bare: list[float] = []
    ours: list[float] = []

    def one_round() -> None:
        bare.append(process_ms("pass"))
        ours.append(process_ms("import voicestand"))

    benchmark.pedantic(one_round, rounds=ROUNDS, warmup_rounds=2)  # type: ignore[no-untyped-call]
    ours_ms, bare_ms = statistics.median(ours), statistics.median(bare)
    differences = [a - b for a, b in zip(ours, bare, strict=True)]
    above = statistics.median(differences)
    record(
        "import-above-interpreter",
        f"import voicestand costs less than {CLAIM_MS:.0f} ms above the bare interpreter",
        input="nothing but the import, in a process of its own, less the bare interpreter's time",
        unit="ms",
        ours=[max(0.0, difference) for difference in differences],
        bounds=[Bound(CLAIM_MS)],
    )
    record(
        "import-process",
        "a process that imports voicestand beside the bare interpreter",
        input="nothing but the import, in a process of its own",
        unit="ms",
        ours=ours,
        peers={"bare interpreter": bare},
    )
    with capsys.disabled():
        print(
            f"\nimport voicestand: {ours_ms:.1f} ms, bare interpreter {bare_ms:.1f} ms, ratio "
            f"{ours_ms / bare_ms:.2f}; {above:.1f} ms above it (claim: < {CLAIM_MS:.0f})"
        )
