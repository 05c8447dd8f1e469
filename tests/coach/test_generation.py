"""Language models that are slow, silent, cut off, or talk nonsense: nobody waits for them."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.coach.faulty_model import ADVICE, FaultyModels

from voicestand.coach.generation.context import Context, Passage, Turn
from voicestand.coach.generation.generator import Generated, Generator
from voicestand.coach.generation.settings import Models, ModelSettings
from voicestand.events import Severity

PATIENT = 20.0
"""Seconds of a deadline that is never reached."""
SECRET = "sk-0123456789abcdef"
ASKED = Context(turns=(Turn("other", "how much is it for nine of us"),), stage="discovery")

Make = Callable[..., Generator]


class Heard:
    """What a generator tells."""

    def __init__(self) -> None:
        self.advice: queue.SimpleQueue[Generated] = queue.SimpleQueue()
        self.notices: queue.SimpleQueue[tuple[Severity, str, str]] = queue.SimpleQueue()

    def next(self) -> Generated:
        return self.advice.get(timeout=PATIENT)

    def notice(self) -> str:
        severity, code, message = self.notices.get(timeout=PATIENT)
        assert SECRET not in message
        return f"{severity} {code}"


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def make(models: FaultyModels, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    monkeypatch.setenv("KEY", SECRET)
    made: list[Generator] = []

    def generator(*names: str, deadline: float = PATIENT, **settings: Any) -> Generator:
        of_model = {key: settings.pop(key) for key in ("format", "price_out") if key in settings}
        listed = [
            ModelSettings(name=name, url=models.url(name), model="m", key_env="KEY", **of_model)
            for name in names
        ]
        form = Models(deadline=deadline, model=listed, **settings)
        made.append(Generator(form, heard.advice.put, lambda *notice: heard.notices.put(notice)))
        return made[-1]

    yield generator
    for one in made:
        one.close()


def said(text: str, *sources: str) -> str:
    return json.dumps({"text": text, "sources": list(sources)})


def test_advice_comes_with_the_passages_it_rests_on(
    make: Make, models: FaultyModels, heard: Heard
) -> None:
    models.plan(
        a={"text": said("Say that nine seats are 90 a month.", "p1", "p9"), "usage": [7, 5]}
    )
    asked = Context(
        turns=ASKED.turns, passages=(Passage("p1", "prices.md", "Up to nine seats: 90 a month."),)
    )
    generator = make("a", price_out=1e6)
    generator.ask("x-1", asked)
    told = heard.next()
    assert (told.ticket, told.model) == ("x-1", "a")
    assert told.advice == ("Say that nine seats are 90 a month.", ("prices.md",))
    stats = generator.stats()
    assert (stats.tokens_read, stats.tokens_written, stats.cost) == (7, 5, 5.0)
    (request,) = models.asked
    assert request["headers"]["Authorization"] == f"Bearer {SECRET}"
    assert request["body"]["stream"] is True
    assert json.loads(request["body"]["messages"][1]["content"])["turns"] == [
        {"channel": "other", "text": "how much is it for nine of us"}
    ]


@pytest.mark.parametrize(
    "fault",
    [
        {"whole": True},
        {"pulse": 3},
        {"linger": True},
        {"text": f"Sure! ```json\n{ADVICE}\n``` I hope that helps {{"},
        {"cut": 20, "text": ADVICE + " " * 200},
    ],
    ids=lambda fault: next(iter(fault)),
)
def test_an_answer_is_taken_however_it_is_wrapped(
    fault: dict[str, Any], make: Make, models: FaultyModels, heard: Heard
) -> None:
    models.plan(a={"faults": [fault]})
    make("a").ask("x", ASKED)
    assert heard.next().advice.text == "Ask what they compare it with."
    assert len(models.asked) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"cut": 2},
        {"text": "I think you should ask about the price."},
        {"text": '{"text": 7}'},
        {"piece": "no json"},
        {"piece": '{"error": {"message": "overloaded"}}'},
    ],
    ids=str,
)
def test_where_one_fails_the_other_is_asked(
    fault: dict[str, Any], make: Make, models: FaultyModels, heard: Heard
) -> None:
    models.plan(a={"faults": [fault], "always": True}, b={})
    make("a", "b").ask("x", ASKED)
    assert heard.next().model == "b"


def test_the_same_question_is_asked_once(make: Make, models: FaultyModels, heard: Heard) -> None:
    models.plan(a={})
    generator = make("a")
    for ticket in ("one", "two"):
        generator.ask(ticket, ASKED)
        assert heard.next().ticket == ticket
    assert (len(models.asked), generator.stats().routing.cache_hits) == (1, 1)


def test_a_question_is_overtaken_by_the_next(
    make: Make, models: FaultyModels, heard: Heard
) -> None:
    models.plan(a={"faults": [{"silence": True}]})
    generator = make("a")
    generator.ask("old", ASKED)
    models.wait_for(1)
    generator.ask("new", Context(turns=(Turn("other", "and what about support"),)))
    assert heard.next().ticket == "new"
    assert generator.stats().overtaken == 1
    assert generator.stats().routing.providers[0].abandoned == 1


@pytest.mark.parametrize("fault", [{"silence": True}, {"stall": 2}, {"status": 500}], ids=str)
def test_a_model_that_fails_is_told_of_once_and_comes_back_by_itself(
    fault: dict[str, Any],
    make: Make,
    models: FaultyModels,
    heard: Heard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("voicestand.routing.provider.SLOW_SECONDS", 0.1)
    models.plan(a={"faults": [fault], "always": True})
    generator = make("a", deadline=0.3, cache_seconds=0.1)
    number = 0

    def ask_until(code: str) -> None:
        """Each question when the one before has had its time."""
        nonlocal number
        while heard.notices.empty():
            number += 1
            generator.ask(str(number), Context(turns=(Turn("other", f"question {number}"),)))
            with_answer(generator, number)
        assert heard.notice() == code

    ask_until("warning coach.model-failed")
    assert heard.advice.empty()
    models.plan(a={})
    ask_until("info coach.model-recovered")
    heard.next()
    assert heard.notices.empty()


def with_answer(generator: Generator, number: int) -> None:
    """Waits until the question has been answered or given up."""
    asked = generator._asked
    assert asked is not None, number
    asked.result(PATIENT)


def test_nothing_is_asked_beyond_the_budget(make: Make, models: FaultyModels, heard: Heard) -> None:
    models.plan(a={"usage": [900, 90]})
    generator = make("a", tokens_per_call=1200)
    generator.ask("one", ASKED)
    heard.next()
    for again in ("two", "three"):
        generator.ask(again, Context(turns=(Turn("other", f"another {again}"),)))
        with_answer(generator, 2)
    assert heard.notice() == "warning coach.budget-spent"
    assert heard.notices.empty()
    assert len(models.asked) == 1
