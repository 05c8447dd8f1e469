"""Finding what was said among 10,000 utterances: the journal's index against a scan with LIKE.

Claim: every search takes less than 10 ms, ranked, with snippets, opening included.
Input: 20 sessions of 500 utterances of 15 words, drawn from 5,000 made-up words by Zipf's law, so
that one query finds a few dozen utterances and another eight in ten. The peer scans the same table
for the same letters and ranks by how often they stand in a text; it knows no words, stems or marks,
and its connection stays open. Unit: milliseconds a search, each way in turn.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles

import pytest

from voicestand import journal
from voicestand.bench.record import Bound, record
from voicestand.journal import Journal, schema

UTTERANCES = 10_000
SESSIONS = 20
ROUNDS = 60

CONSONANTS, VOWELS = "bdfgklmnprtv", "aeiou"

LIKE = (
    "SELECT session.id, channel, start, text FROM utterance"
    " JOIN session ON session.number = utterance.session WHERE text LIKE '%' || ?1 || '%'"
    " ORDER BY length(text) - length(replace(text, ?1, '')) DESC, utterance.number DESC LIMIT 20"
)


def _vocabulary(dice: random.Random) -> list[str]:
    """Words that can be spoken and that are no beginnings or forms of each other."""
    words: dict[str, None] = {}
    while len(words) < 5_000:
        pairs = range(dice.randint(2, 4))
        words["".join(dice.choice(CONSONANTS) + dice.choice(VOWELS) for _ in pairs) + "k"] = None
    return list(words)


def _fill(folder: Path) -> list[str]:
    """A journal of 10,000 utterances; returns the words by how often they were said."""
    dice = random.Random(7)
    vocabulary = _vocabulary(dice)
    weights = [1 / rank for rank in range(1, len(vocabulary) + 1)]
    with Journal.open(folder) as book:
        # In one transaction: that each final is durable is the claim of another bench.
        book._connection.execute("BEGIN")
        for session in range(SESSIONS):
            book._connection.execute(
                "INSERT INTO session (id, started, began) VALUES (?, ?, ?)",
                (
                    f"session-{session}",
                    '{"type":"session.started","session":"s","t":0,"version":"0","source":"bench",'
                    '"started_at":"2026-11-20T21:00:00+01:00","channels":["self","other"],'
                    '"sample_rate":16000,"engine":"e","vad_device":"CPU"}',
                    1_795_204_800 + session * 3600,
                ),
            )
        book._connection.executemany(
            'INSERT INTO utterance (session, id, channel, t, start, "end", text, engine,'
            " latency_ms, engine_ms, recognizer_ms) VALUES (?, ?, ?, ?, ?, ?, ?, 'e', 1, 1, 1)",
            (
                (
                    1 + number * SESSIONS // UTTERANCES,
                    f"u{number}",
                    ("self", "other")[number % 2],
                    number,
                    number,
                    number + 1,
                    " ".join(dice.choices(vocabulary, weights, k=15)),
                )
                for number in range(UTTERANCES)
            ),
        )
        book._connection.execute("COMMIT")
    return vocabulary


def test_search_takes_less_than_ten_milliseconds(capsys: pytest.CaptureFixture[str]) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as scratch:
        folder = Path(scratch)
        words = _fill(folder)
        queries = {
            "a rare word": words[300],
            "a frequent word": words[10],
            "the most frequent word": words[0],
            "a phrase": f'"{words[0]} {words[1]}"',
        }
        with closing(sqlite3.connect(folder / schema.FILE_NAME)) as peer:

            def index(query: str) -> int:
                return len(journal.search(query, folder))

            def scan(query: str) -> int:
                return len(peer.execute(LIKE, (query.strip('"'),)).fetchall())

            ways: dict[str, Callable[[str], int]] = {"index": index, "LIKE": scan}
            taken: dict[tuple[str, str], list[float]] = {}
            for _ in range(ROUNDS):
                for what, query in queries.items():
                    for way, find in ways.items():
                        begin = time.perf_counter()
                        assert find(query)
                        elapsed = (time.perf_counter() - begin) * 1e3
                        taken.setdefault((what, way), []).append(elapsed)
    for what in queries:
        record(
            f"search-{what.split(' ', 1)[1].replace(' ', '-')}",
            f"{what} is found among {UTTERANCES} utterances in less than 10 ms",
            input=f"{UTTERANCES} utterances of 15 words in {SESSIONS} sessions, the best 20 hits",
            unit="ms",
            ours=taken[what, "index"],
            peers={"LIKE scan": taken[what, "LIKE"]},
            bounds=[Bound(10.0)],
        )
    with capsys.disabled():
        print(f"\nsearch over {UTTERANCES} utterances, {ROUNDS} rounds, median ms:")
        for what in queries:
            ours, theirs = taken[what, "index"], taken[what, "LIKE"]
            print(
                f"  {what:<23} index {median(ours):6.2f}  p95 {quantiles(ours, n=20)[18]:6.2f}"
                f"   LIKE scan {median(theirs):6.2f}   {median(theirs) / median(ours):5.2f} x"
            )
