from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestand.coach.fillers import count_fillers
from voicestand.coach.questions import Questions, count_questions, find_questions
from voicestand.coach.words import sentences, spoken, written_out

QUESTIONS = [
    "how does your team handle customer calls today",
    "what happens when something is forgotten",
    "that sounds great how much does it cost",
    "i understand how much would it help to save five hours every week",
    "i see what do you like about them",
    "of course can we meet with her on thursday",
    "so do you have a budget",
    "what's the price",
    "don't you think it is late",
    "it works well doesn't it",
    "you use the old system right",
    "and is there a trial",
    "why not",
    "which one do you prefer",
    "who decides on this",
    "could you send me the details",
    "okay is the data encrypted",
    "has it been working for you",
    "what about the price",
    "Could you send it over?",
    "They left?",
]
STATEMENTS = [
    "",
    "it is forty dollars per person per month",
    "yes it does the data stays on your machine",
    "what i do is sell",
    "i know what you like",
    "so do i",
    "neither can we",
    "do not call me",
    "do it now",
    "have a nice day",
    "that's right",
    "when we are ready we will call",
    "it is good and is the best",
    "people who are the best do this",
    "as soon as you can you should call",
    "i would have to ask my boss before we decide",
    "what a great idea",
    "which is why we left",
    "if you can you should",
    "Could be. I will see.",
]


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_is_heard_without_its_question_mark(text: str) -> None:
    assert count_questions(text) == 1


@pytest.mark.parametrize("text", STATEMENTS)
def test_a_statement_is_not_taken_for_a_question(text: str) -> None:
    assert count_questions(text) == 0


def test_two_questions_in_one_breath_are_two() -> None:
    assert count_questions("does it work with our phones and where is the data stored") == 2
    assert count_questions("What is it? And why? I see.") == 2


def test_question_marks_are_believed_where_there_are_any() -> None:
    assert count_questions("You are done? Is it. What did you say!") == 1


@given(st.text())
def test_any_text_can_be_counted(text: str) -> None:
    words = spoken(text)
    assert 0 <= count_fillers(words) <= len(words)
    assert 0 <= count_questions(text) <= max(len(written_out(words)), text.count("?"))
    assert all(word == word.lower() and word for word in words)


@given(st.text(alphabet="abc '.,?!-<>[]19"))
def test_sentences_hold_the_same_words_as_the_text(text: str) -> None:
    if not set(text) & set("<>[]"):
        assert [word for words, _ in sentences(text) for word in words] == spoken(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("um i think uh we should go", 2),
        ("it is you know quite good", 1),
        ("do you know what i mean", 0),
        ("as you know it is late", 0),
        ("i mean it is fine", 1),
        ("what i mean is that it works", 0),
        ("i like it", 0),
        ("it was like um ten people", 2),
        ("we like like never do that", 1),
        ("so we went home", 0),
        ("i think so", 0),
        ("we tried it and it was okay so", 1),
        ("basically it is free", 1),
        ("it is basically free", 0),
        ("uh huh", 0),
        ("mhm", 0),
        ("", 0),
    ],
)
def test_fillers_count_only_where_nothing_else_is_meant(text: str, count: int) -> None:
    assert count_fillers(spoken(text)) == count


def test_every_recognizers_spelling_gives_the_same_words() -> None:
    assert spoken("Well, that\u2019s <sil> it [noise]!") == ["well", "that's", "it"]
    assert spoken("WELL THAT'S IT") == ["well", "that's", "it"]
    assert spoken("a follow-up of 1.5 hours") == ["a", "follow", "up", "of", "15", "hours"]


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("we don't", "we do not"),
        ("can't", "can not"),
        ("cannot", "can not"),
        ("won't", "will not"),
        ("it's", "it is"),
        ("they've", "they have"),
        ("i'm", "i am"),
        ("my boss's car", "my boss's car"),
    ],
)
def test_contractions_are_written_out_but_possessives_stay(short: str, full: str) -> None:
    assert written_out(spoken(short)) == full.split()


@pytest.mark.parametrize(
    "text",
    [
        "what do you use today",
        "so why did you leave",
        "how does your team decide",
        "could you tell me how it works",
        "Can you please walk me through it?",
        "And what made you look for something new?",
        "how come it takes so long",
    ],
)
def test_an_open_question_wants_more_than_a_fact(text: str) -> None:
    assert find_questions(text) == Questions(open=1, closed=0)


@pytest.mark.parametrize(
    "text",
    [
        "is it slow",
        "how much does it cost",
        "how long have you had it",
        "what time is it",
        "what if we begin in may",
        "how are you today",
        "You have ten of them, right?",
        "who decides",
        "could you send it to me",
    ],
)
def test_a_closed_question_is_answered_by_a_fact_or_a_yes(text: str) -> None:
    assert find_questions(text) == Questions(open=0, closed=1)
