"""``voicestand run`` with language models, from outside: what is sent, shown, kept and told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.coach.faulty_model import FaultyModels
from tests.program import Program, error_lines, events_of, of_kind
from tests.spoken_calls import Line, Recording, perform

from voicestand.events import AnyEvent, CoachSuggestion, EngineAlert, SessionEnded

SECRET = "sk-0123456789abcdef"


@pytest.fixture
def coached(program: Program, models: FaultyModels) -> Program:
    """The program, with a model whose key is in the environment."""
    file = program.home / "models.toml"
    file.write_text(
        f'[[model]]\nname = "a"\nmodel = "m"\nurl = "{models.url("a")}"\nkey_env = "KEY"\n'
    )
    program.env |= {"VOICESTAND_COACH__MODELS": str(file), "KEY": SECRET}
    return program


@pytest.fixture(scope="module")
def call(recordings: Path) -> Recording:
    """Somebody who finds it expensive, and has to ask the boss."""
    return perform(
        recordings / "expensive.wav",
        [
            Line("other", 0.0, "Honestly, that is too expensive for us."),
            Line("self", 1.0, "I see."),
            Line("other", 4.0, "And I have to talk to my boss first."),
        ],
    )


def hear(program: Program, call: Recording) -> list[AnyEvent]:
    done = program("run", "--input", call.path, "--pace", "max", "--events", "-")
    assert (done.returncode, error_lines(done.stderr)) == (0, []), done.stderr
    assert SECRET not in done.stdout + done.stderr
    return events_of(done.stdout)


def of_the_playbook(events: list[AnyEvent]) -> set[tuple[str, str]]:
    suggestions = of_kind(events, CoachSuggestion)
    return {(one.utterance, one.text) for one in suggestions if one.kind == "playbook"}


def alerts(events: list[AnyEvent], code: str) -> list[EngineAlert]:
    return [alert for alert in of_kind(events, EngineAlert) if alert.code == code]


def test_what_a_model_says_takes_the_place_of_the_playbook_and_names_it(
    coached: Program, models: FaultyModels, call: Recording
) -> None:
    answers = [
        {"text": json.dumps({"text": f"Ask about {word}.", "sources": []})}
        for word in ("the weather", "their clients")
    ]
    models.plan(a={"faults": answers, "usage": [500, 20]})
    events = hear(coached, call)
    generated = [one for one in of_kind(events, CoachSuggestion) if one.kind == "generated"]
    assert generated
    assert all(one.sources == ["model:a"] for one in generated)
    (told,) = alerts(events, "coach.remote")
    assert "a (127.0.0.1)" in told.message
    ended = events[-1]
    assert isinstance(ended, SessionEnded)
    assert ended.models is not None
    assert ended.models.tokens_read >= 500 * len(generated)
    for request in models.asked:
        said = json.loads(request["body"]["messages"][1]["content"])
        assert {turn["channel"] for turn in said["turns"]} <= {"self", "other"}
        assert said["turns"][-1]["channel"] == "other"


def test_without_an_answer_the_playbook_is_on_time_and_the_user_told_once(
    coached: Program, models: FaultyModels, call: Recording
) -> None:
    models.plan(a={"faults": [{"silence": True}], "always": True})
    events = hear(coached, call)
    assert len(of_the_playbook(events)) == 2
    assert len(alerts(events, "coach.model-failed")) <= 1
    assert not [one for one in of_kind(events, CoachSuggestion) if one.kind == "generated"]


def test_no_word_is_sent_where_no_model_is_named(
    coached: Program, models: FaultyModels, call: Recording
) -> None:
    models.plan(a={})
    coached.env["VOICESTAND_COACH__MODELS"] = ""
    events = hear(coached, call)
    assert models.asked == []
    ended = events[-1]
    assert isinstance(ended, SessionEnded)
    assert ended.models is None


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        ("", "missing required field"),
        ('[[model]]\nname = "a"\nmodel = "m"\nurl = "http://elsewhere.example/v1"\n', "https://"),
        ('[[model]]\nname = "a"\nmodel = "m"\nurl = "https://e.example"\nkey_env = "NO"', "no key"),
        ('[[model]]\nname = "a"\nmodel = "m"\nurl = "https://e.example"\nprize = 3', "prize"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(content: str, mistake: str, coached: Program) -> None:
    (coached.home / "models.toml").write_text(content)
    done = coached("run", "--demo")
    assert done.returncode == 2
    (line,) = error_lines(done.stderr)
    assert mistake in line
    assert "models.toml" in line or "model a" in line
