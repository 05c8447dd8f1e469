"""The judge of the coach is itself right: on cases made by hand, and as properties."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.coach.corpus import Conversation, load_corpus, parse
from tests.coach.evaluation import (
    Coach,
    Outcome,
    Score,
    Suggested,
    evaluate,
    evaluate_half,
    score,
)

CALL = parse(
    "boats",
    "# playbook=sales-call trade=boats kind=call\n"
    "self\topening\t-\thello there\n"
    "other\tdiscovery\tpain,(trust)\tit leaks and they said it would not\n"
    "other\tnegotiation\tprice-question,discount-request\thow much and can it be less\n",
)
CHAT = parse(
    "weather",
    "# playbook=sales-call trade=boats kind=small-talk\n"
    + "other\t-\t-\tone two three four five six seven eight nine\n" * 3,
)


def replay(outcomes: Sequence[Outcome]) -> Coach:
    return lambda conversation: outcomes


def fired(*triggers: str, stage: str | None = None) -> Outcome:
    return Outcome(frozenset(triggers), stage)


def perfect(conversation: Conversation) -> list[Outcome]:
    return [Outcome(turn.triggers, turn.stage) for turn in conversation.turns]


def silent(conversation: Conversation) -> list[Outcome]:
    return [Outcome() for _ in conversation.turns]


def test_triggers_count_as_right_wrong_and_missed() -> None:
    result = evaluate(
        replay([fired("trust"), fired("pain"), fired("price-question", "authority")]), [CALL]
    )
    assert (result.total.right, result.total.wrong, result.total.missed) == (2, 2, 1)
    assert (result.total.precision, result.total.recall) == (2 / 4, 2 / 3)
    assert result.triggers["sales-call", "discount-request"] == Score(missed=1)
    assert [(one.number, *one.missed, *one.wrong) for one in result.mistakes] == [
        (1, "trust"),
        (2,),
        (3, "discount-request", "authority"),
    ]


def test_what_is_in_brackets_or_not_by_words_counts_neither_way() -> None:
    turn = CALL.turns[1]
    same = {
        score(turn, fired("pain", *more), False) for more in (["trust"], ["closed-question-run"])
    }
    assert same == {score(turn, fired("pain"), False)}


def test_stage_accuracy_is_the_share_of_turns() -> None:
    outcomes = [fired(stage="opening"), fired(stage="opening"), fired(stage="negotiation")]
    assert evaluate(replay(outcomes), [CALL]).total.stage_accuracy == 2 / 3


def test_a_suggestion_is_relevant_by_its_label_or_by_its_figure() -> None:
    shown = (
        Suggested("pain"),
        Suggested("trust"),
        Suggested("authority"),
        Suggested(over_threshold=True),
        Suggested(over_threshold=False),
    )
    result = score(CALL.turns[1], Outcome(suggestions=shown), False)
    assert (result.relevant, result.suggestions) == (3, 5)


def test_false_alarms_are_per_ten_minutes_of_small_talk() -> None:
    total = evaluate(replay([fired("pain"), fired(), fired("trust", "pain")]), [CHAT]).total
    assert total.small_talk_seconds == pytest.approx(10)
    assert total.false_alarms_per_10_minutes == pytest.approx(3 * 60)
    assert (total.precision, total.turns) == (0, 0)


def test_a_coach_without_an_outcome_for_each_turn_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        evaluate(replay([fired()]), [CALL])


def test_who_knows_the_labels_is_perfect_and_who_is_silent_recalls_nothing() -> None:
    best = evaluate(perfect, load_corpus()).total
    assert (best.precision, best.recall, best.stage_accuracy, best.false_alarms) == (1, 1, 1, 0)
    none = evaluate(silent, load_corpus())
    assert (none.total.precision, none.total.recall) == (1, 0)
    assert len(str(none).splitlines()) == 1 + len(none.playbooks) + 1


def test_the_halves_share_no_conversation_and_make_up_the_corpus() -> None:
    halves = [evaluate_half(silent, half) for half in ("tuning", "test")]
    named = [{mistake.conversation for mistake in half.mistakes} for half in halves]
    assert not named[0] & named[1]
    calls = {one.name for one in load_corpus() if one.kind == "call"}
    assert named[0] | named[1] == calls


TRIGGERS = st.frozensets(st.sampled_from(["pain", "trust", "price-question", "authority"]))
STAGES = st.sampled_from([None, "opening", "discovery", "negotiation"])


@given(st.lists(st.builds(Outcome, TRIGGERS, STAGES), min_size=3, max_size=3))
def test_what_is_asked_for_is_right_or_missed_and_what_is_fired_right_wrong_or_optional(
    outcomes: list[Outcome],
) -> None:
    total = evaluate(replay(outcomes), [CALL]).total
    assert total.right + total.missed == sum(len(turn.triggers) for turn in CALL.turns)
    optional = sum(
        len(one.fired & turn.optional) for one, turn in zip(outcomes, CALL.turns, strict=True)
    )
    assert total.right + total.wrong + optional == sum(len(one.fired) for one in outcomes)
    assert 0 <= total.precision <= 1
    assert 0 <= total.stage_accuracy <= 1


@given(st.lists(st.builds(Score, *[st.integers(0, 99)] * 8), max_size=4))
def test_scores_add_up(scores: list[Score]) -> None:
    total = sum(scores, Score())
    assert total.right == sum(one.right for one in scores)
    assert total.false_alarms == sum(one.false_alarms for one in scores)
