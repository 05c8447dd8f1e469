"""Finding passages for an utterance, by words and by vectors, among 10,000 and 100,000.

Claim: p95 below 5 ms and less than 100 MB at 10,000 passages, below 25 ms at 100,000.
Input: passages of 100 words drawn from 30,000 made-up words by Zipf's law, each with a random
vector of 384 dimensions; utterances of 12 words from the same law, no two alike, so that no answer
is kept. What a model takes to make a query's vector is not in it. Peers: the same index asked for
all words (BM25 alone), and chromadb's nearest vectors, in an interpreter of its own that
``VOICESTAND_CHROMADB_PYTHON`` names. Unit: milliseconds a search.

And how well: recall@5 and nDCG@10 of the tests' 207 questions, beside BM25 alone.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles

import numpy as np
import pytest
from tests.knowledge.labelled import HANDBOOK, ndcg, questions, rank, recall, synonyms

from voicestand.bench.record import Bound, record
from voicestand.bench.retrieval import texts
from voicestand.database.connection import connect
from voicestand.database.place import make_private_file
from voicestand.database.schema import transaction
from voicestand.knowledge import Knowledge, adding, schema
from voicestand.knowledge.vectors import Matrix, normalized

SIZES = {10_000: (5.0, 300), 100_000: (25.0, 150)}
"""Passages: the bound of the 95th percentile in ms, and how many searches."""

DIMENSIONS = 384

BM25 = (
    "SELECT rowid FROM passage_text WHERE passage_text MATCH ? ORDER BY bm25(passage_text) LIMIT 10"
)

MEMORY = """
import sys
from pathlib import Path
import numpy as np
from benches.bench_knowledge import RandomVectors, utterances
from voicestand.knowledge import Knowledge
def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
texts = list(utterances(50))
before = resident()
with Knowledge.open(Path(sys.argv[1]), RandomVectors()) as knowledge:
    for text in texts:
        knowledge.search(text)
    print(resident() - before)
"""


class RandomVectors:
    """An embedder that knows nothing and takes no time."""

    name = "random"

    def __init__(self) -> None:
        self._dice = np.random.default_rng(7)

    def passages(self, texts: Sequence[str]) -> Matrix:
        return normalized(self._dice.standard_normal((len(texts), DIMENSIONS), np.float32))

    def query(self, text: str) -> Matrix:
        vector: Matrix = self.passages([text])[0]
        return vector


def utterances(count: int) -> Iterator[str]:
    return texts(count, 12, seed=8)


def _fill(folder: Path, count: int) -> None:
    path = schema.knowledge_path(folder)
    make_private_file(path)
    embedder = RandomVectors()
    with closing(connect(path, schema.SCHEMA)) as connection:
        with transaction(connection):
            adding._changed(connection)
            connection.execute("INSERT INTO source VALUES (1, 'made', x'', 'plain', 0, '')")
            connection.executemany(
                "INSERT INTO passage VALUES (?, 1, '', NULL, NULL, ?)",
                enumerate(texts(count, 100, seed=9), 1),
            )
            for at in range(0, count, 1000):
                rows = embedder.passages([""] * 1000)
                connection.executemany(
                    "INSERT INTO vector VALUES (?, 'random', ?)",
                    ((at + number, row.tobytes()) for number, row in enumerate(rows, 1)),
                )
        adding._count_terms(connection)


def _chroma(folder: Path, count: int, searches: int) -> list[float] | str:
    """Milliseconds of each search; or why there are none."""
    python = os.environ.get("VOICESTAND_CHROMADB_PYTHON")
    if not python:
        return "VOICESTAND_CHROMADB_PYTHON names no interpreter that has chromadb"
    made = RandomVectors()
    np.save(folder / "vectors.npy", made.passages([""] * count))
    np.save(folder / "queries.npy", made.passages([""] * searches))
    probe = Path(__file__).parent / "probes" / "chroma_search.py"
    done = subprocess.run(
        [python, str(probe), str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return f"chromadb fails: {done.stderr.strip().splitlines()[-1:]}"
    taken: list[float] = json.loads(done.stdout.splitlines()[-1])
    return taken


def _p95(taken: Sequence[float]) -> float:
    return quantiles(taken, n=20)[18]


@pytest.mark.parametrize("count", SIZES)
def test_search_is_quick(count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bound, searches = SIZES[count]
    _fill(tmp_path, count)
    ours: list[float] = []
    words: list[float] = []
    alone: list[float] = []
    with Knowledge.open(tmp_path, RandomVectors()) as both, Knowledge.open(tmp_path) as lexical:
        both.search("to load the vectors")
        connection = both._view.connection
        assert connection is not None
        for text in utterances(searches):
            begin = time.perf_counter()
            assert both.search(text)
            ours.append((time.perf_counter() - begin) * 1e3)
            begin = time.perf_counter()
            lexical.search(text)
            words.append((time.perf_counter() - begin) * 1e3)
            begin = time.perf_counter()
            expression = " OR ".join(f'"{word}"' for word in text.split())
            connection.execute(BM25, (expression,)).fetchall()
            alone.append((time.perf_counter() - begin) * 1e3)
    chroma = _chroma(tmp_path, count, searches) if count == min(SIZES) else "only at 10,000"
    measured = {} if isinstance(chroma, str) else {"chromadb": chroma}
    record(
        f"knowledge-{count}",
        f"passages are found among {count} in less than {bound:g} ms (p95)",
        input=f"{count} passages of 100 words with vectors, utterances of 12 words",
        unit="ms",
        ours=ours,
        peers={"BM25 of all words": alone, **measured},
        absent={"chromadb": chroma} if isinstance(chroma, str) else {},
        statistic="p95",
        bounds=[Bound(bound)],
    )
    sides = {"words and vectors": ours, "words": words, "BM25 of all words": alone, **measured}
    with capsys.disabled():
        print(f"\n{count} passages, {searches} searches, ms (load {os.getloadavg()[0]:.1f}):")
        for side, taken in sides.items():
            print(f"  {side:<18} median {median(taken):7.2f}  p95 {_p95(taken):7.2f}")
        if isinstance(chroma, str):
            print(f"  chromadb: {chroma}")


def test_memory_is_bounded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = 10_000
    _fill(tmp_path, count)
    grown = [
        float(
            subprocess.run(
                [sys.executable, "-c", MEMORY, str(tmp_path)],
                cwd=Path(__file__).parents[1],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for _ in range(3)
    ]
    record(
        "knowledge-memory",
        "10,000 passages with vectors take less than 100 MB",
        input=f"{count} passages, {DIMENSIONS} dimensions, resident after 50 searches",
        unit="MB",
        ours=grown,
        bounds=[Bound(100.0)],
    )
    with capsys.disabled():
        print(f"\n{count} passages take {median(grown):.1f} MB")


def test_answers_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    adding.add([HANDBOOK], tmp_path)
    asked = questions()
    with Knowledge.open(tmp_path) as knowledge:
        connection = knowledge._view.connection
        assert connection is not None

        def alone(text: str) -> list[int]:
            expression = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", text.lower()))
            return [number for (number,) in connection.execute(BM25, (expression,))]

        passages = {
            "BM25 alone": [
                [p for n in alone(one.text) if (p := knowledge._passage(n, 0, 0, None))]
                for one in asked
            ],
            "ours": [knowledge.search(one.text, 10) for one in asked],
            "ours, a playbook's synonyms": [
                knowledge.search(one.text, 10, synonyms()) for one in asked
            ],
        }
    found = {
        side: [rank(one, each) for one, each in zip(asked, answers, strict=True)]
        for side, answers in passages.items()
    }
    with capsys.disabled():
        print(f"\n{len(asked)} questions:")
        for side, ranks in found.items():
            print(f"  {side:<28} recall@5 {recall(ranks, 5):.3f}  nDCG@10 {ndcg(ranks, 10):.3f}")
