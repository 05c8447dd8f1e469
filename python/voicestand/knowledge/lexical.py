"""Finding passages by their words: Okapi BM25 over the index that the store keeps."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from voicestand.knowledge.schema import TOKENIZER
from voicestand.knowledge.stop_words import STOP_WORDS

Synonyms = Mapping[str, Sequence[str]]
"""A word or phrase → what else it may be called."""

HEADING_WEIGHT = 2.0
"""Of a word in a heading beside one in the text."""

_ROWS, _SHARE = 1_000, 0.01
"""A ranked row costs some 1.3 µs. So many, and such a share of all passages, may be ranked for one
query: frequent words, which tell least, are left out beyond that."""

_MOST_TERMS = 32
"""More words than one question has; an utterance may have many more."""

_MOST_CACHED = 4096

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


def words_of(text: str) -> list[str]:
    """The words by which to look for ``text``, each once: all but stop words, lower case."""
    found = dict.fromkeys(word.replace("’", "'") for word in _WORD.findall(text.lower()))
    return [word for word in found if word not in STOP_WORDS]


class Lexicon:
    """How frequent words are, in the state of the store in which it was made."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        (self.passages,) = connection.execute("SELECT count(*) FROM passage").fetchone()
        self.complete = not connection.execute("SELECT 1 FROM uncounted").fetchone()
        """Whether every word of every passage is counted: not while documents are being added."""
        self._stemmer = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._stemmer.execute(
            f"CREATE VIRTUAL TABLE query USING fts5 (words, tokenize = '{TOKENIZER}')"
        )
        self._stemmer.execute("CREATE VIRTUAL TABLE stem USING fts5vocab (query, 'row')")
        self._frequencies: dict[str, int] = {}

    def close(self) -> None:
        """Frees what it holds."""
        self._stemmer.close()

    def frequency(self, phrase: str) -> int:
        """In how many passages it stands; of several words, the rarest of them."""
        known = self._frequencies.get(phrase)
        if known is None:
            if len(self._frequencies) >= _MOST_CACHED:
                self._frequencies.clear()
            known = self._frequencies[phrase] = self._counted(phrase)
        return known

    def _counted(self, phrase: str) -> int:
        # The index's own tokenizer makes the stems: another one would differ in some words.
        self._stemmer.execute("INSERT INTO query (rowid, words) VALUES (1, ?)", (phrase,))
        stems = self._stemmer.execute("SELECT term FROM stem").fetchall()
        self._stemmer.execute("DELETE FROM query")
        counts = [
            self._connection.execute("SELECT passages FROM term WHERE stem = ?", stem).fetchone()
            or (0,)
            for stem in stems
        ]
        return min((count for (count,) in counts), default=0)


def ranked(
    connection: sqlite3.Connection,
    lexicon: Lexicon,
    text: str,
    synonyms: Synonyms,
    limit: int,
) -> list[tuple[int, float]]:
    """The numbers of the best passages with their BM25, the higher the better, the best first."""
    terms = chosen([*words_of(text), *_others(text, synonyms)], lexicon)
    if not terms:
        return []
    expression = " OR ".join(f'"{term}"' for term in terms)
    rows = connection.execute(
        "SELECT rowid, bm25(passage_text, ?, 1.0) AS score FROM passage_text"
        " WHERE passage_text MATCH ? ORDER BY score, rowid LIMIT ?",
        (HEADING_WEIGHT, expression, limit),
    )
    return [(number, -score) for number, score in rows]


def chosen(terms: Iterable[str], lexicon: Lexicon) -> list[str]:
    """Those that are in any passage, the rarest first, as many as may be ranked in time."""
    frequencies = {term: lexicon.frequency(term) for term in dict.fromkeys(terms)}
    rows = _ROWS + _SHARE * lexicon.passages
    kept: list[str] = []
    for term in sorted(frequencies, key=lambda term: frequencies[term]):
        if lexicon.complete and not frequencies[term]:
            continue
        rows -= frequencies[term]
        if kept and (rows < 0 or len(kept) == _MOST_TERMS):
            break
        kept.append(term)
    return kept


def _others(text: str, synonyms: Synonyms) -> list[str]:
    """What else is meant, by the synonyms of the phrases in ``text``."""
    if not synonyms:
        return []
    spoken = f" {' '.join(_WORD.findall(text.lower()))} "
    return [
        " ".join(_WORD.findall(other.lower()))
        for phrase, others in synonyms.items()
        if f" {' '.join(_WORD.findall(phrase.lower()))} " in spoken
        for other in others
    ]
