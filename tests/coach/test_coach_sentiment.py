"""What words show of feeling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestand.coach.sentiment import NONE, Feeling, Mood, feeling
from voicestand.coach.sentiment_lexicon import BOOSTERS, DAMPENERS, PHRASES, WORDS
from voicestand.coach.words import spoken, written_out

MINUTE = 60_000_000


def shown(text: str) -> Feeling:
    return feeling(written_out(spoken(text)))


@pytest.mark.parametrize(
    "text",
    [
        "that is really helpful thank you",
        "no problem at all",
        "I'm very happy with it",
        "it's not bad",
        "that was not a waste of time",
        "we are looking forward to it",
    ],
)
def test_kind_words(text: str) -> None:
    assert shown(text).sentiment > 0


@pytest.mark.parametrize(
    "text",
    [
        "no that's terrible",
        "it does not work",
        "I don't think it is very good",
        "we are fed up with it",
        "this was a complete waste of time",
        "to be honest I am disappointed",
        "it's way too expensive",
    ],
)
def test_unkind_words(text: str) -> None:
    assert shown(text).sentiment < 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "we have ten people in the office",
        "good morning",
        "so like i said it is on the left",
        "well it is a kind of list",
        "which of the two do you use",
        "how does it work",
    ],
)
def test_words_without_feeling(text: str) -> None:
    assert shown(text) == NONE


def test_degrees_and_negation_weigh() -> None:
    assert shown("good") == Feeling(8, 0)
    assert shown("very good") == Feeling(12, 0)
    assert shown("fairly good") == Feeling(4, 0)
    assert shown("not good") == Feeling(0, 4)
    assert shown("not very good") == Feeling(0, 6)
    assert shown("not only good") == Feeling(8, 0)
    assert shown("it is not cheap but good") == Feeling(8, 0)


@given(st.lists(st.sampled_from([*WORDS, *BOOSTERS, *DAMPENERS, "not", "no", "the", "but"])))
def test_sentiment_stays_within_its_bounds(words: list[str]) -> None:
    found = feeling(words)
    assert -1 < found.sentiment < 1
    assert found.weight <= 18 * len(words)


@given(st.text())
def test_any_text_can_be_judged(text: str) -> None:
    assert -1 < shown(text).sentiment < 1


def test_every_phrase_is_found_as_it_is_written() -> None:
    for phrase, weight in PHRASES.items():
        words = phrase.split()
        assert written_out(spoken(phrase)) == words
        assert feeling(words) == Feeling(max(0, weight), max(0, -weight))


def test_a_mood_that_turns_shows_as_a_trend() -> None:
    mood = Mood()
    for minute in range(10):
        mood.add(minute * MINUTE, shown("that is great"))
    assert mood.trend(9 * MINUTE) == 0.0
    for minute in range(10, 15):
        mood.add(minute * MINUTE, shown("that is terrible"))
    trend = mood.trend(14 * MINUTE)
    assert trend is not None
    assert trend < -1
    assert mood.trend(30 * MINUTE) is None  # nothing was said in the last minutes
