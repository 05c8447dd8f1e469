"""Search: whatever is typed, what was said is found, and nothing is ever a syntax error."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voicestand import journal
from voicestand.errors import InputError
from voicestand.journal import Journal
from voicestand.journal.query import expression

if TYPE_CHECKING:
    from tests.journal.conftest import Call

SAID = (
    "so what does it cost",
    "the prices for a café are too high",
    "our price list has a clause about payment",
    "nobody does any negotiating about anything here",
    "an organization of communication",
    "the cost is the cost and the cost stays",
)


@pytest.fixture
def spoken(tmp_path: Path, call: Call, another_call: Call) -> Path:
    """A call of 2026-11-20 21:00 +01:00, ``other`` on the odd ones, and one with one utterance."""
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        for number, text in enumerate(SAID):
            book.final(call.final(number, text, channel=("self", "other")[number % 2]))
        book.end(call.ended(len(SAID)))
        book.begin(another_call.started())
        book.final(another_call.final(0, "the cost of moving"))
    return tmp_path


def _found(query: str, folder: Path, **options: object) -> list[str]:
    return [hit.text for hit in journal.search(query, folder, **options)]  # type: ignore[arg-type]


def test_hit_tells_where_and_when_it_was_said(spoken: Path, call: Call) -> None:
    (hit,) = journal.search("payment", spoken)
    assert hit == journal.SearchHit(
        session=call.session,
        started_at="2026-11-20T21:00:00+01:00",
        utterance="u2",
        channel="self",
        start=2.0,
        end=2.5,
        text=SAID[2],
        snippet="our price list has a clause about **payment**",
        score=hit.score,
    )
    assert hit.score > 0


def test_words_are_found_in_any_form_and_without_accents(spoken: Path) -> None:
    assert set(_found("price", spoken)) == {SAID[1], SAID[2]}
    assert _found("PRICING cafe", spoken) == [SAID[1]]
    assert _found("négotiation", spoken) == [SAID[3]]


def test_all_words_must_have_been_said(spoken: Path) -> None:
    assert _found("price payment", spoken) == [SAID[2]]
    assert _found("price organization", spoken) == []


def test_phrase_is_found_only_as_it_stands(spoken: Path) -> None:
    assert _found('"price list"', spoken) == [SAID[2]]
    assert _found('"list price"', spoken) == []
    assert _found('clause "price list', spoken) == [SAID[2]]


def test_best_comes_first_and_limit_keeps_the_best(spoken: Path) -> None:
    ranked = journal.search("cost", spoken)
    assert ranked[0].text == SAID[5]
    assert [hit.score for hit in ranked] == sorted((hit.score for hit in ranked), reverse=True)
    assert journal.search("cost", spoken, limit=1) == ranked[:1]


@pytest.mark.parametrize(
    "word", ["negotiating", "organization", "communication", "payment", "anything", "prices"]
)
def test_every_beginning_of_a_word_finds_it(spoken: Path, word: str) -> None:
    for length in range(1, len(word) + 1):
        found = _found(f"{word[:length]}*", spoken)
        assert any(word in text for text in found), word[:length]


def test_search_is_narrowed_to_a_channel_and_a_time(spoken: Path) -> None:
    assert _found("price", spoken, channel="other") == [SAID[1]]
    assert _found("price", spoken, channel="nobody") == []
    second = 1795204802.0 - 0.5  # the call began at 20:00:00 UTC; SAID[2] was said two seconds on
    assert _found("price", spoken, since=second) == [SAID[2]]
    assert _found("price", spoken, since=second + 10) == []


def test_snippet_of_a_long_utterance_is_the_part_around_the_hit(tmp_path: Path, call: Call) -> None:
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        book.final(call.final(0, "before " * 100 + "needle" + " after" * 100))
    (hit,) = journal.search("needle", tmp_path)
    assert "before **needle** after" in hit.snippet
    assert len(hit.snippet.split()) < 30
    assert hit.snippet.startswith("…")


def test_search_sees_what_a_running_session_has_said(tmp_path: Path, call: Call) -> None:
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        book.final(call.final(0, "just now"))
        assert _found("now", tmp_path) == ["just now"]
        book.final(call.final(0, "a second time"))  # the same utterance: not recorded
        assert _found("second", tmp_path) == []


def test_search_where_there_is_no_journal_finds_nothing(tmp_path: Path) -> None:
    assert journal.search("anything", tmp_path / "absent") == []


@pytest.mark.parametrize("query", ["", "  ", "*", '""', "- + ^ :", '"*"', "\0"])
def test_query_without_a_word_is_named(tmp_path: Path, query: str) -> None:
    with pytest.raises(InputError, match="no word to look for"):
        journal.search(query, tmp_path)


def test_query_of_very_many_words_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1000 words to look for: give at most 64"):
        journal.search("word " * 1000, tmp_path)


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        tokenize = "porter unicode61 remove_diacritics 2"
        connection.execute(f"CREATE VIRTUAL TABLE said USING fts5 (text, tokenize = '{tokenize}')")
        yield connection


_pieces = ['"', "*", " ", "^", ":", "(", ")", "-", "+", "{", "}", "\0", "\ud800", "'", "\\", ","]
_words = ["AND", "OR", "NOT", "NEAR(", "NEAR/2", "text:", "said", "any", "x*", '"y', "é", "中文"]
queries = st.lists(st.sampled_from(_pieces + _words) | st.text(max_size=12), max_size=12)


@settings(max_examples=600)
@given(pieces=queries)
@example(pieces=["a\0b", '"'])
@example(pieces=["y*"] * 64)
@example(pieces=["\N{COMBINING ACUTE ACCENT}a", "*"])
def test_any_text_is_a_query_or_has_no_word(index: sqlite3.Connection, pieces: list[str]) -> None:
    for query in ("".join(pieces), " ".join(pieces)):
        try:
            match = expression(query)
        except InputError:
            continue
        index.execute("SELECT rowid FROM said WHERE said MATCH ?", (match,)).fetchall()


@given(text=st.text(st.characters(codec="utf-8", categories=["Ll", "Nd", "Zs", "Po"]), max_size=60))
def test_what_was_said_is_found_by_every_word_of_it(index: sqlite3.Connection, text: str) -> None:
    index.execute("DELETE FROM said")
    index.execute("INSERT INTO said VALUES (?)", (text,))
    for query in (text, *text.split()):
        try:
            match = expression(query)
        except InputError:
            continue
        assert index.execute("SELECT rowid FROM said WHERE said MATCH ?", (match,)).fetchall()
