"""The deck of cards: not too many, none twice, none too late, whatever is offered."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from voicestand.coach.deck import (
    ANSWERED,
    HELD,
    LIFE,
    NEWS,
    REPEAT,
    SPACING,
    Card,
    Change,
    Deck,
    Shown,
    Withdrawn,
)


def card(text: str, utterance: str = "other-1", at: float = 0.0, **more: Any) -> Card:
    settings = {"kind": "playbook", "sources": (), "about": text, "channel": "other"} | more
    return Card(text=text, utterance=utterance, at=at, **settings)


def texts(changes: list[Change]) -> list[str]:
    return [change.card.text for change in changes if isinstance(change, Shown)]


def said(deck: Deck, utterance: str, words: int, now: float) -> list[Change]:
    return deck.heard(utterance.split("-", maxsplit=1)[0], utterance, words, now)


def test_a_card_that_comes_too_soon_waits_and_the_better_one_is_shown() -> None:
    deck = Deck()
    for number in (1, 2, 3):
        said(deck, f"self-{number}", 2, 0.0)
    assert texts(deck.offer(card("ask for the budget", "self-1"), 0.0)) == ["ask for the budget"]
    assert deck.offer(card("name a reference", "self-2", weight=1.0), 1.0) == []
    assert deck.offer(card("be silent now", "self-3", weight=2.0), 1.5) == []
    assert deck.tick(SPACING - 0.1) == []
    (shown,) = deck.tick(SPACING)
    assert isinstance(shown, Shown)
    assert (shown.card.text, shown.replaces) == ("be silent now", "advice-1")
    assert deck.tick(2 * SPACING) == []


def test_what_waited_too_long_is_not_shown() -> None:
    deck = Deck()
    said(deck, "other-1", 9, 0.0)
    deck.offer(card("ask for the budget"), 0.0)
    deck.offer(card("name a reference"), 1.0)
    assert deck.tick(HELD + SPACING + 0.1) == []


def test_the_same_advice_in_other_words_does_not_come_again_for_a_while() -> None:
    deck = Deck()
    said(deck, "other-1", 9, 0.0)
    deck.offer(card("Ask for the budget."), 0.0)
    assert texts(deck.offer(card("ask for the  Budget"), 60.0)) == []
    assert texts(deck.offer(card("ask for the budget"), REPEAT)) == ["ask for the budget"]


def test_a_generated_card_takes_the_place_of_the_one_it_betters_at_once() -> None:
    deck = Deck()
    said(deck, "other-1", 9, 0.0)
    deck.offer(card("ask for the budget"), 0.0)
    generated = card("ask what fifty seats are worth", kind="generated")
    (shown,) = deck.offer(generated, 0.8)
    assert isinstance(shown, Shown)
    assert shown.replaces == "advice-1"


def test_a_generated_card_that_was_overtaken_is_not_shown() -> None:
    for speaker, words in (("other", NEWS), ("self", ANSWERED)):
        deck = Deck()
        said(deck, "other-1", 9, 0.0)
        said(deck, f"{speaker}-2", words, 1.0)
        assert deck.offer(card("ask why", kind="generated"), 1.5) == []
        deck = Deck()
        said(deck, "other-1", 9, 0.0)
        said(deck, f"{speaker}-2", min(words, NEWS) - 1, 1.0)  # a nod
        assert texts(deck.offer(card("ask why", kind="generated"), 1.5)) == ["ask why"]


def test_a_card_is_withdrawn_when_it_was_answered_and_they_went_on() -> None:
    deck = Deck()
    said(deck, "other-1", 9, 0.0)
    deck.offer(card("ask why"), 0.0)
    assert said(deck, "self-1", ANSWERED, 4.0) == []  # it may be what is being said
    assert said(deck, "other-2", NEWS, 8.0) == [Withdrawn("advice-1", "overtaken")]
    assert said(deck, "other-3", NEWS, 9.0) == []


def test_a_card_does_not_stay_for_ever() -> None:
    deck = Deck()
    said(deck, "other-1", 9, 0.0)
    deck.offer(card("ask why"), 0.0)
    assert deck.tick(LIFE - 0.1) == []
    assert deck.tick(LIFE) == [Withdrawn("advice-1", "expired")]
    assert deck.tick(LIFE + 1) == []


def test_a_warning_has_a_place_of_its_own() -> None:
    deck = Deck()
    said(deck, "other-1", 9, 0.0)
    deck.offer(card("ask why"), 0.0)
    (shown,) = deck.offer(card("you talk too fast", kind="metric"), SPACING)
    assert isinstance(shown, Shown)
    assert shown.replaces is None


def test_an_utterance_whose_final_comes_after_that_of_a_later_one_is_advised_on_too() -> None:
    deck = Deck()
    said(deck, "self-1", 9, 40.0)
    assert texts(deck.offer(card("be silent", "self-1", 40.0), 40.0)) == ["be silent"]
    said(deck, "other-1", 9, 20.0)
    assert texts(deck.offer(card("ask why", "other-1", 20.0), 20.0)) == ["ask why"]


def test_what_the_user_does_not_want_is_not_shown() -> None:
    deck = Deck(weigh=lambda about: 0.0 if about == "ask why" else 1.0)
    said(deck, "other-1", 9, 0.0)
    assert deck.offer(card("ask why"), 0.0) == []
    assert texts(deck.offer(card("ask when"), 0.0)) == ["ask when"]


class AnyCall(RuleBasedStateMachine):
    """Whatever is said and offered, in any order, as time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.deck = Deck()
        self.now = 0.0
        self.utterances = 0
        self.visible: dict[str, tuple[Shown, float]] = {}
        self.shown: list[tuple[float, Shown]] = []

    def see(self, changes: list[Change]) -> None:
        for change in changes:
            if isinstance(change, Withdrawn):
                del self.visible[change.id]  # was there
                continue
            if change.replaces is not None:
                replaced, _ = self.visible.pop(change.replaces)
                assert (replaced.card.kind == "metric") == (change.card.kind == "metric")
            self.visible[change.id] = (change, self.now)
            self.shown.append((self.now, change))

    @rule(seconds=st.floats(0, 60))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.see(self.deck.tick(self.now))

    @rule(speaker=st.sampled_from(["self", "other"]), words=st.integers(0, 30))
    def speak(self, speaker: str, words: int) -> None:
        self.utterances += 1
        utterance = f"{speaker}-{self.utterances}"
        self.see(self.deck.heard(speaker, utterance, words, self.now))

    @rule(
        text=st.sampled_from(["ask why", "ask when", "be silent", "name a price", "say no"]),
        kind=st.sampled_from(["playbook", "generated", "metric", "knowledge"]),
        back=st.integers(0, 3),
        weight=st.floats(0, 2),
    )
    def offer(self, text: str, kind: str, back: int, weight: float) -> None:
        number = max(1, self.utterances - back)
        offered = card(text, f"other-{number}", self.now, kind=kind, weight=weight)
        self.see(self.deck.offer(offered, self.now))

    @invariant()
    def one_card_in_each_place(self) -> None:
        kinds = [shown.card.kind == "metric" for shown, _ in self.visible.values()]
        assert len(kinds) == len(set(kinds))

    @invariant()
    def none_is_there_for_too_long(self) -> None:
        assert all(
            self.now < since + LIFE or self.now == since for _, since in self.visible.values()
        )

    @invariant()
    def new_ones_are_spaced(self) -> None:
        for (before, _), (when, shown) in zip(self.shown, self.shown[1:], strict=False):
            assert when >= before + SPACING or shown.card.kind == "generated"

    @invariant()
    def none_comes_again_soon(self) -> None:
        last: dict[str, float] = {}
        for when, shown in self.shown:
            assert when >= last.get(shown.card.text, float("-inf")) + REPEAT
            last[shown.card.text] = when


TestAnyCall = AnyCall.TestCase


@given(st.lists(st.integers(0, 30), min_size=50, max_size=200))
def test_memory_does_not_grow_with_the_call(words: list[int]) -> None:
    deck = Deck()
    for number, count in enumerate(words):
        now = 10.0 * number
        said(deck, f"other-{number}", count, now)
        deck.offer(card(f"advice number {number}", f"other-{number}", now), now)
    assert len(deck._texts) <= 64
    assert len(deck._said) <= 8
