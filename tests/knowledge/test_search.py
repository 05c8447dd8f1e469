"""The right passage is found, from any thread, and what others change is seen."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from voicestand.errors import InputError
from voicestand.knowledge import Knowledge, adding
from voicestand.knowledge.knowledge import LONGEST_QUERY, MOST_CACHED
from voicestand.knowledge.lexical import words_of

ZOO = b"""# Zebras

Zebras are fed twice a day. Feeding costs nothing extra.

# Giraffes

Giraffes may be watched from the tower.

# Tickets

A ticket for a whole year is called a membership.
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    adding.add_text("zoo", ZOO, tmp_path)
    return tmp_path


def headings(knowledge: Knowledge, text: str, **options: object) -> list[str]:
    return [found.place.headings[0] for found in knowledge.search(text, **options)]  # type: ignore[arg-type]


def test_words_are_found_in_any_form_and_stop_words_do_not_count(store: Path) -> None:
    with Knowledge.open(store) as knowledge:
        assert headings(knowledge, "Could you tell me when you'd be feeding the zebra?") == [
            "Zebras"
        ]
        assert headings(knowledge, "what is it all about, then") == []


def test_a_word_in_a_heading_counts_more_than_one_in_the_text(tmp_path: Path) -> None:
    adding.add_text("a", b"# Snow\n\nIt is cold and white.\n\n# Rain\n\nIt is snow once.", tmp_path)
    with Knowledge.open(tmp_path) as knowledge:
        assert headings(knowledge, "snow") == ["Snow", "Rain"]


def test_synonyms_find_what_the_documents_call_otherwise(store: Path) -> None:
    with Knowledge.open(store) as knowledge:
        assert headings(knowledge, "Is there an annual pass?") == []
        synonyms = {"annual pass": ["membership"]}
        assert headings(knowledge, "Is there an annual pass?", synonyms=synonyms) == ["Tickets"]


@pytest.mark.parametrize(
    "text",
    ["", " ", "?!", '"', "'", '" OR "', "NEAR(", "a*b", "zebra\0zebra", "\ud800", "*", "🦓" * 5000],
)
def test_any_text_may_be_looked_for(store: Path, text: str) -> None:
    with Knowledge.open(store) as knowledge:
        assert isinstance(knowledge.search(text), list)


def test_of_a_long_text_the_end_counts(store: Path) -> None:
    with Knowledge.open(store) as knowledge:
        assert headings(knowledge, "giraffe " + "x " * LONGEST_QUERY + "zebra") == ["Zebras"]


def test_many_different_words_are_no_error(store: Path) -> None:
    text = " ".join(f"{a}{b}" for a in "bcdfghjklmnpq" for b in "aeiou") + " zebra"
    with Knowledge.open(store) as knowledge:
        assert headings(knowledge, text) == ["Zebras"]


def test_the_limit_is_kept_and_must_be_positive(store: Path) -> None:
    with Knowledge.open(store) as knowledge:
        assert len(knowledge.search("zebras giraffes tickets", limit=2)) == 2
        with pytest.raises(InputError, match="give 1 or more"):
            knowledge.search("zebra", limit=0)


def test_what_is_added_and_removed_elsewhere_is_seen_by_the_next_search(tmp_path: Path) -> None:
    with Knowledge.open(tmp_path) as knowledge:
        assert knowledge.search("zebra") == []
        adding.add_text("zoo", ZOO, tmp_path)
        assert len(knowledge.search("zebra")) == 1
        adding.add_text("more", b"A zebra elsewhere.", tmp_path)
        assert len(knowledge.search("zebra")) == 2
        adding.remove([], tmp_path, everything=True)
        assert knowledge.search("zebra") == []


def test_words_of_documents_that_are_being_added_are_found_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is while a long ``add`` runs, or after it was killed."""
    with monkeypatch.context() as patch:
        patch.setattr(adding, "_count_terms", lambda connection: None)
        adding.add_text("zoo", ZOO, tmp_path)
    with Knowledge.open(tmp_path) as knowledge:
        assert len(knowledge.search("zebra")) == 1
        adding.add_text("zoo", ZOO, tmp_path)  # unchanged, but what was left undone is done
        assert knowledge._view.is_current() is False
        assert len(knowledge.search("zebra")) == 1
        assert knowledge._view.lexicon is not None
        assert knowledge._view.lexicon.complete


def test_many_threads_may_search_while_documents_change(store: Path) -> None:
    failures: list[BaseException] = []
    counts: set[int] = set()
    begin = threading.Barrier(5)
    with Knowledge.open(store) as knowledge:

        def search() -> None:
            try:
                begin.wait()
                for number in range(60):
                    counts.add(len(knowledge.search(f"zebra {number % 7}")))
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=search) for _ in range(4)]
        for thread in threads:
            thread.start()
        begin.wait()
        for number in range(5):
            adding.add_text("more", b"Zebra." * (number + 1), store)
        for thread in threads:
            thread.join()
    assert failures == []
    assert counts <= {1, 2}


def test_the_event_loop_goes_on_while_a_search_waits(store: Path) -> None:
    async def run() -> list[str]:
        with Knowledge.open(store) as knowledge:
            knowledge._lock.acquire()
            asked = asyncio.create_task(knowledge.search_async("zebra"))
            await asyncio.sleep(0)
            assert not asked.done()
            knowledge._lock.release()
            return [found.source for found in await asked]

    assert asyncio.run(run()) == ["zoo"]


def test_answers_kept_are_bounded_and_those_asked_for_again_stay(store: Path) -> None:
    with Knowledge.open(store) as knowledge:
        for number in range(MOST_CACHED + 50):
            knowledge.search(f"zebra {number}")
            knowledge.search("zebra")
        assert len(knowledge._answers) == MOST_CACHED
        assert ("zebra", 5, ()) in knowledge._answers


def test_stop_words_go_and_each_other_word_is_looked_for_once() -> None:
    assert words_of("So, what's the price of the PRICE list, don't you think?") == ["price", "list"]
