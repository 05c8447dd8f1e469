"""The labelled corpus holds what its README promises, and its errors are those asked for."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein
from tests.coach.corpus import (
    STAGES,
    TRIGGERS,
    Conversation,
    CorpusError,
    as_evaluated,
    load_corpus,
    load_heard,
    parse,
    with_errors,
)
from tests.coach.mishearing import confusions

HEADER = "# playbook=sales-call trade=boats kind=call\n"


def words_in(*conversations: Conversation) -> int:
    return sum(len(turn.text.split()) for one in conversations for turn in one.turns)


def edits(said: Conversation, heard: Conversation) -> int:
    return sum(
        Levenshtein.distance(one.text.split(), two.text.split())
        for one, two in zip(said.turns, heard.turns, strict=True)
    )


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
    words = words_in(conversation)
    assert abs(edits(conversation, heard) / words - rate) <= 0.04 + 4 / words
    assert all(turn.text for turn in heard.turns)
    assert [turn.start for turn in heard.turns] == [turn.start for turn in conversation.turns]


def test_over_the_corpus_the_rate_is_the_one_asked_for() -> None:
    corpus = load_corpus()
    wrong = sum(edits(one, with_errors(one, 0.2, seed=1)) for one in corpus)
    assert wrong / words_in(*corpus) == pytest.approx(0.2, abs=0.01)


def test_nothing_is_taken_for_itself() -> None:
    table = confusions()
    assert len(table) >= 150
    assert not [word for word, others in table.items() if word in others or not others]


def test_the_corpus_is_as_large_as_promised() -> None:
    corpus = load_corpus()
    calls = Counter(one.playbook for one in corpus if one.kind == "call")
    assert calls == {
        "sales-call": 34,
        "customer-support": 14,
        "job-interview-candidate": 10,
        "job-interview-interviewer": 10,
        "presentation-practice": 8,
    }
    assert len({one.trade for one in corpus if one.playbook == "sales-call"}) >= 34
    assert sum(len(one.turns) for one in corpus) >= 3_400
    small_talk = [one for one in corpus if one.kind == "small-talk"]
    assert {one.playbook for one in small_talk} == set(STAGES)
    assert sum(one.speech_seconds for one in small_talk) >= 20 * 60


def test_every_label_is_used_in_both_halves() -> None:
    used = {
        (one.half, one.playbook, trigger)
        for one in load_corpus()
        for turn in one.turns
        for trigger in turn.triggers
    }
    assert used == {
        (half, playbook, trigger)
        for half in ("tuning", "test")
        for playbook, channels in TRIGGERS.items()
        for trigger in frozenset[str]().union(*channels.values())
    }


def test_the_halves_hold_equally_many_of_each_playbook() -> None:
    calls = Counter((one.half, one.playbook) for one in load_corpus() if one.kind == "call")
    assert all(calls["tuning", playbook] == calls["test", playbook] for playbook in STAGES)
    chats = Counter(one.half for one in load_corpus() if one.kind == "small-talk")
    assert chats["tuning"] == chats["test"]


def test_half_of_the_conversations_are_heard_with_errors() -> None:
    corpus = load_corpus()
    with_some = [
        said for said, heard in zip(corpus, as_evaluated(corpus), strict=True) if said != heard
    ]
    assert [one for one in corpus if one.error_rate] == with_some
    assert all(0.1 <= one.error_rate <= 0.3 for one in with_some)
    assert 0.45 <= len(with_some) / len(corpus) <= 0.55


def test_what_was_really_heard_has_the_turns_and_labels_of_what_was_said() -> None:
    said = {one.name: one for one in load_corpus()}
    heard = load_heard()
    assert len(heard) == 3
    for one in heard:
        assert one.turns != said[one.name].turns
        for mine, original in zip(one.turns, said[one.name].turns, strict=True):
            assert mine.channel == original.channel
            assert mine.stage == original.stage
            assert (mine.triggers, mine.optional) == (original.triggers, original.optional)
