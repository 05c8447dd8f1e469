from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.coach.spoken_finals import final

from voicestand.coach import Coach, Playbook, Suggestion
from voicestand.coach.limits import THRESHOLD_KEYS, Thresholds
from voicestand.coach.matching import Matcher
from voicestand.coach.negation import is_negated
from voicestand.coach.patterns import compile_pattern
from voicestand.coach.phrases import PhraseError, parse_phrase
from voicestand.coach.playbook import Trigger, find

PRICE = Trigger(
    id="price", suggestion="Ask.", channel="other", phrases=("too expensive",), cooldown=60
)
OFF = Thresholds(**dict.fromkeys(THRESHOLD_KEYS, 0.0))


def coach(*triggers: Trigger, thresholds: Thresholds = OFF) -> Coach:
    return Coach(Playbook("test", triggers, thresholds), ["self", "other"])


def fires(trigger: Trigger, text: str) -> bool:
    return bool(Matcher([trigger]).find(text))


def ids(suggestions: list[Suggestion]) -> list[str]:
    return [one.trigger for one in suggestions]


def listening(*phrases: str) -> Trigger:
    return replace(PRICE, phrases=phrases)


@pytest.mark.parametrize(
    "heard",
    [
        "that is too expensive for us",
        "That's TOO EXPENSIVE!",
        "that is two expensive for us",
        "that is to expensive for us",
        "no it is too expensive",
        "no that is too expensive",
        "it is not only too expensive it is ugly",
        "don't you think it is too expensive",
        "it does not work and it is too expensive",
    ],
)
def test_a_price_objection_is_heard(heard: str) -> None:
    assert fires(PRICE, heard)


@pytest.mark.parametrize(
    "heard",
    [
        "",
        "that is not too expensive",
        "that isn't too expensive",
        "i do not think it is too expensive",
        "it is never too expensive",
        "not too expensive",
        "expensive",
        "that is not expensive",
        "less expensive than before",
        "we have a too long and expensive list",
    ],
)
def test_no_price_objection_is_heard_where_there_is_none(heard: str) -> None:
    assert not fires(PRICE, heard)


@pytest.mark.parametrize(
    ("phrase", "heard"),
    [
        ("do not have the budget", "we don't have the budget this year"),
        ("we don't have the budget", "we do not have the budget"),
        ("ask my boss", "i have to ask my bus"),
        ("your competitor", "is that or competitor"),
        ("follow-up call", "a follow up call"),
        ("next step", "what is the next stop"),
        ("lighthouse software", "we use light house software"),
        ("how much does it cost", "how much as it cost"),
        ("gdpr", "is it fine with GDPR?"),
    ],
)
def test_a_phrase_survives_the_recognizer(phrase: str, heard: str) -> None:
    assert fires(listening(phrase), heard)


@pytest.mark.parametrize(
    ("phrase", "heard"),
    [
        ("do not have the budget", "we do have the budget"),
        ("have the budget", "we do not have the budget"),
        ("next step", "see you next time"),
        ("cost", "we met in costa rica"),
        ("is it safe", "it is safe"),
        ("not now", "not know"),
    ],
)
def test_a_phrase_does_not_match_what_only_looks_like_it(phrase: str, heard: str) -> None:
    assert not fires(listening(phrase), heard)


words = st.lists(st.sampled_from(["the", "price", "is", "much", "too", "high", "for", "our"]))


@given(words, st.lists(st.sampled_from(["deal", "breaker", "really"]), min_size=1), words)
def test_an_exact_phrase_is_found_wherever_it_stands(
    before: list[str], phrase: list[str], after: list[str]
) -> None:
    assert fires(listening(" ".join(phrase)), " ".join([*before, *phrase, *after]))


@given(st.text(), st.text(min_size=1))
def test_any_text_can_be_matched(text: str, phrase: str) -> None:
    try:
        parse_phrase(phrase)
    except PhraseError:
        phrase = "price"
    Matcher([listening(phrase, "too expensive", "next step")]).find(text)


def test_patterns_see_contractions_both_ways() -> None:
    short = replace(PRICE, phrases=(), patterns=(compile_pattern(r"\bdon't like\b"),))
    long = replace(PRICE, phrases=(), patterns=(compile_pattern(r"\bdo not like\b"),))
    assert fires(short, "we don't like it")
    assert fires(long, "We don't like it.")
    assert not fires(short, "we like it")


def test_a_negated_pattern_does_not_match() -> None:
    trigger = replace(PRICE, phrases=(), patterns=(compile_pattern("pric(e|ey)"),))
    assert fires(trigger, "the price is high")
    assert not fires(trigger, "it is not really pricey")


def test_a_negation_reaches_four_words() -> None:
    assert is_negated(["not", "a", "b", "c", "target"], 4)
    assert not is_negated(["not", "a", "b", "c", "d", "target"], 5)
    assert not is_negated(["not", "a", "but", "target"], 3)
    assert is_negated(["there", "is", "no", "target"], 3)
    assert not is_negated(["no", "target"], 1)


def test_a_suggestion_says_where_it_comes_from() -> None:
    (suggestion,) = coach(PRICE).on_final(final("other", 0, 2, "that is too expensive"))
    assert suggestion == Suggestion("playbook", "Ask.", ["playbook:test/price"], "price")


def test_only_the_channel_of_the_trigger_counts() -> None:
    mine, anyone = (
        replace(PRICE, id="mine", channel="self"),
        replace(PRICE, id="any", channel="any"),
    )
    assert ids(coach(PRICE).on_final(final("self", 0, 2, "too expensive"))) == []
    assert ids(coach(mine).on_final(final("self", 0, 2, "too expensive"))) == ["mine"]
    assert ids(coach(anyone).on_final(final("third", 0, 2, "too expensive"))) == ["any"]


def test_one_utterance_brings_one_suggestion_the_one_that_explains_most() -> None:
    vague = Trigger(id="vague", suggestion="Vague.", phrases=("cost",))
    exact = Trigger(id="exact", suggestion="Exact.", phrases=("how much does it cost",))
    twin = replace(exact, id="twin", suggestion="Twin.")
    heard = final("other", 0, 2, "so how much does it cost")
    assert ids(coach(vague, exact, twin).on_final(heard)) == ["exact"]
    assert ids(coach(twin, exact).on_final(heard)) == ["twin"]


def test_the_second_best_is_given_while_the_best_cools_down() -> None:
    vague = Trigger(id="vague", suggestion="Vague.", phrases=("cost",))
    exact = Trigger(id="exact", suggestion="Exact.", phrases=("how much does it cost",))
    both = coach(vague, exact)
    assert ids(both.on_final(final("other", 0, 2, "how much does it cost"))) == ["exact"]
    assert ids(both.on_final(final("other", 3, 5, "how much does it cost"))) == ["vague"]
    assert ids(both.on_final(final("other", 6, 8, "how much does it cost"))) == []


def test_a_trigger_rests_for_its_cooldown_on_the_audio_clock() -> None:
    one = coach(PRICE)
    ends = [10.0, 12.0, 69.9, 70.0, 129.0, 131.0]
    fired = [t for t in ends if one.on_final(final("other", t - 1, t, "too expensive"))]
    assert fired == [10.0, 70.0, 131.0]


def test_once_is_once() -> None:
    one = coach(replace(PRICE, once=True, cooldown=0))
    fired = [one.on_final(final("other", t, t + 1, "too expensive")) for t in range(0, 10_000, 99)]
    assert sum(map(len, fired)) == 1


def test_the_same_words_of_advice_are_not_given_twice_by_two_triggers() -> None:
    one = coach(PRICE, replace(PRICE, id="again", phrases=("over budget",)))
    assert ids(one.on_final(final("other", 0, 1, "too expensive"))) == ["price"]
    assert ids(one.on_final(final("other", 2, 3, "over budget"))) == []
    assert ids(one.on_final(final("other", 90, 91, "over budget"))) == ["again"]


def test_a_final_that_comes_late_does_not_end_a_cooldown() -> None:
    one = coach(PRICE)
    assert one.on_final(final("other", 99, 100, "too expensive"))
    assert not one.on_final(final("other", 9, 10, "too expensive"))


@given(st.lists(st.tuples(st.sampled_from(["too expensive", "hello"]), st.integers(0, 50))))
def test_no_trigger_ever_breaks_its_cooldown(said: list[tuple[str, int]]) -> None:
    one = coach(PRICE)
    now, fired = 0.0, []
    for text, pause in said:
        now += pause
        if one.on_final(final("other", now, now + 1, text)):
            fired.append(now)
    assert all(b - a >= PRICE.cooldown for a, b in itertools.pairwise(fired))


def test_a_monologue_is_stopped_once() -> None:
    one = coach(PRICE, thresholds=replace(OFF, monologue=76.0, cooldown=30))
    given_at = [
        20 * n
        for n in range(1, 12)
        if one.on_final(final("self", 20 * n - 20, 20 * n, "word " * 40))
    ]
    assert given_at == [80]
    (suggestion,) = [
        s
        for n in range(12, 18)
        for s in one.on_final(
            final("other" if n == 12 else "self", 20 * n - 19, 20 * n, "word " * 40)
        )
    ]
    assert suggestion.kind == "metric"
    assert suggestion.sources == ["metric:monologue"]
    assert suggestion.text.startswith("You have talked for 79 seconds")


def test_a_share_that_hovers_at_its_threshold_does_not_nag() -> None:
    one = coach(PRICE, thresholds=replace(OFF, talk_ratio=0.67, cooldown=0))
    now, given_at = 0.0, []
    for n in range(400):
        channel = "other" if n % 3 == 2 else "self"  # two thirds: hovers around 0.67
        now += 5
        if one.on_final(final(channel, now - 4, now, "word")):
            given_at.append(now)
    assert len(given_at) == 1
    assert given_at[0] >= 60


def test_shares_mean_nothing_before_a_minute_of_speech() -> None:
    one = coach(PRICE, thresholds=replace(OFF, talk_ratio=0.65))
    assert not one.on_final(final("self", 0, 59, "word"))
    assert ids(one.on_final(final("self", 60, 62, "word"))) == ["talk_ratio"]


def test_hasty_speech_is_noticed() -> None:
    one = coach(PRICE, thresholds=replace(OFF, words_per_minute=200))
    assert not one.on_final(final("self", 0, 20, "word " * 66))  # 198 a minute
    (suggestion,) = one.on_final(final("self", 21, 41, "word " * 80))
    assert suggestion.text.startswith("You speak 219 words a minute.")
    assert not one.on_final(final("other", 42, 72, "word " * 200))


def test_thresholds_of_zero_are_off() -> None:
    one = coach(PRICE)
    assert not any(one.on_final(final("self", 100 * n, 100 * n + 99, "x " * 999)) for n in range(9))


@pytest.mark.parametrize(
    ("channel", "heard", "trigger"),
    [
        ("other", "well that is a bit too expensive for a team like ours", "price-objection"),
        ("other", "we simply don't have the budget for that", "price-objection"),
        ("other", "to be honest we are also talking to two other vendors", "competitor"),
        ("other", "how do you compare to what we have", "competitor"),
        ("other", "call me back later i am driving", "not-now"),
        ("other", "this is not a priority for us", "not-now"),
        ("other", "i will have to talk to my boss first", "authority"),
        ("other", "that's not my decision", "authority"),
        ("other", "where's the data stored", "security"),
        ("other", "does it integrate with our calendar", "integration"),
        ("other", "so what does it cost", "price-question"),
        ("other", "our biggest challenge is the follow up", "pain"),
        ("other", "when can we start", "buying-signal"),
        ("other", "tuesday afternoon works fine", "next-step"),
        ("self", "shall we meet again on friday", "closing-question"),
    ],
)
def test_the_sales_call_playbook_hears(channel: str, heard: str, trigger: str) -> None:
    one = Coach(find("sales-call"), ["self", "other"])
    assert ids(one.on_final(final(channel, 0, 3, heard))) == [trigger]


@pytest.mark.parametrize(
    "heard",
    [
        "hello how are you",
        "did you have a nice weekend",
        "the weather is really bad here",
        "i was on holiday with my family",
        "it is not too expensive",
        "that is not a big problem",
        "let me just close the door",
        "can you hear me now",
        "sorry the line was bad",
        "i had a coffee and then i read your message",
    ],
)
def test_the_sales_call_playbook_stays_silent_in_small_talk(heard: str) -> None:
    one = Coach(find("sales-call"), ["self", "other"])
    assert not one.on_final(final("other", 0, 3, heard))
