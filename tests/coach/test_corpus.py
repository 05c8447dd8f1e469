"""The labelled corpus holds what its README promises, and its errors are those asked for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein
from tests.coach.corpus import (
    Conversation,
    CorpusError,
    as_evaluated,
    load_corpus,
    parse,
    with_errors,
)
from tests.coach.mishearing import confusions

HEADER = "# playbook=sales-call trade=boats kind=call\n"


def word_error_rate(said: Conversation, heard: Conversation) -> float:
    edits = sum(
        Levenshtein.distance(one.text.split(), two.text.split())
        for one, two in zip(said.turns, heard.turns, strict=True)
    )
    return edits / sum(len(turn.text.split()) for turn in said.turns)


def test_a_line_becomes_a_turn_with_labels_and_times() -> None:
    two = "self\topening\t-\thi there\nother\tnegotiation\tprice-question,(pain)\tuh how much\n"
    conversation = parse("boats", HEADER + two)
    first, second = conversation.turns
    assert (first.start, first.triggers, first.stage) == (0.0, frozenset(), "opening")
    assert second.start == pytest.approx(2 / 2.7 + 0.4)
    assert second.end - second.start == pytest.approx(3 / 2.7)
    assert ([*second.triggers], [*second.optional]) == (["price-question"], ["pain"])


@pytest.mark.parametrize(
    "text",
    [
        "self\topening\t-\thi\n",
        HEADER,
        HEADER.replace("sales-call", "fishing") + "self\topening\t-\thi\n",
        HEADER.replace("kind=call", "kind=talk") + "self\topening\t-\thi\n",
        HEADER.replace("kind=call", "kind=small-talk") + "self\topening\t-\thi\n",
        HEADER + "self\topening\thi\n",
        HEADER + "nobody\topening\t-\thi\n",
        HEADER + "self\tbody\t-\thi\n",
        HEADER + "self\topening\t-\thi  there\n",
        HEADER + "self\topening\t-\t\n",
        HEADER + "self\topening\tpain\tit hurts\n",
        HEADER + "other\topening\tprice\thow much\n",
        HEADER + "other\topening\tpain,(pain)\tit hurts\n",
    ],
)
def test_what_is_not_in_the_format_is_refused(text: str) -> None:
    with pytest.raises(CorpusError, match="boats"):
        parse("boats", text)


def test_the_same_seed_makes_the_same_errors_and_another_makes_others() -> None:
    conversation = load_corpus()[0]
    once, again = (with_errors(conversation, 0.2, seed=7) for _ in range(2))
    assert once == again
    assert once != with_errors(conversation, 0.2, seed=8)


@settings(max_examples=25, deadline=None)
@given(data=st.data(), rate=st.floats(0.1, 0.3), seed=st.integers(0, 1_000))
def test_errors_are_as_many_as_asked_for(data: st.DataObject, rate: float, seed: int) -> None:
    conversation = data.draw(st.sampled_from(load_corpus()))
    heard = with_errors(conversation, rate, seed)
    assert 0.85 * rate <= word_error_rate(conversation, heard) <= 1.25 * rate
    assert all(turn.text for turn in heard.turns)
    assert [turn.start for turn in heard.turns] == [turn.start for turn in conversation.turns]


def test_nothing_is_taken_for_itself() -> None:
    table = confusions()
    assert len(table) >= 150
    assert not [word for word, others in table.items() if word in others or not others]


def test_half_of_the_conversations_are_heard_with_errors() -> None:
    corpus = load_corpus()
    heard = as_evaluated(corpus)
    with_some = [one for one, two in zip(corpus, heard, strict=True) if one != two]
    assert all(0.1 <= one.error_rate <= 0.3 for one in with_some)
    assert all(one.error_rate == 0 for one in corpus if one not in with_some)
