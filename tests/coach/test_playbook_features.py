"""Stages, checklists, cards and the language of phrases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.coach.spoken_finals import final

from voicestand.cli.program import main
from voicestand.coach import Coach
from voicestand.coach.matching import Matcher
from voicestand.coach.phonetics import sound
from voicestand.coach.phrases import PhraseError, parse_phrase
from voicestand.coach.playbook import find, parse, shipped
from voicestand.coach.playbook_schema import Stage, StageCue, Trigger
from voicestand.coach.playbook_warnings import warnings
from voicestand.coach.stages import StageTracker
from voicestand.errors import InputError

PLAYBOOK = """\
[playbook]
name = "mine"

[words]
cost = ["cost", "price", "fee"]

[[stage]]
id = "opening"
utterances = 3
self = ["good morning"]

[[stage]]
id = "talk"
triggers = ["price"]
other = ["let us begin"]
[stage.thresholds]
talk_ratio = 0.4

[[trigger]]
id = "price"
channel = "other"
phrases = ["the {cost} is (too|very) high", "over ... budget"]
suggestion = "Ask."
card = "price"
during = ["talk"]
during_phrases = ["phew"]
cooldown = 0

[[trigger]]
id = "discount"
phrases = ["over the budget with tax"]
suggestion = "Tell."
unless = ["price"]
stages = ["talk"]

[[check]]
id = "greeted"
title = "Greeted"
channel = "self"
phrases = ["good morning"]

[[check]]
id = "price-talk"
title = "Spoke of the price"
triggers = ["price"]

[[card]]
id = "price"
title = "Too much"
lines = ["Compared with what?"]
"""


def heard(phrase: str, text: str, tolerance: float = 0.12) -> bool:
    trigger = Trigger(id="x", suggestion="y", phrases=(phrase,), tolerance=tolerance)
    return bool(Matcher([trigger]).find(text))


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("too (expensive|pricey)", "well it is too pricey"),
        ("(really|) slow system", "the slow system"),
        ("over ... budget", "that is over the whole budget"),
        ("over ... budget", "over budget"),
        ("(a|b|c|d|e|f|g|h|i) (a|b|c|d|e|f|g|h|i) (really |) price", "e f price"),
        ("too expensive", "it is too uh too expensive"),
        ("ask my boss", "ask my bus"),
        ("not ... budget", "it is not in the budget"),
    ],
)
def test_a_phrase_is_heard(phrase: str, text: str) -> None:
    assert heard(phrase, text)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("over ... budget", "over one two three four five budget"),
        ("over ... budget", "budget over"),
        ("over ... budget", "it is not over the budget"),
        ("price ... high", "the price is not high"),
        ("half way", "half my"),
        ("the competitor", "the complaint"),
    ],
)
def test_a_phrase_is_not_heard(phrase: str, text: str) -> None:
    assert not heard(phrase, text)


def test_a_trigger_may_tolerate_nothing_or_more() -> None:
    assert heard("next quarter report", "next quarter reports")
    assert not heard("next quarter report", "next quarter reports", tolerance=0)
    assert not heard("red mountain", "bread fountain")
    assert heard("red mountain", "bread fountain", tolerance=0.3)


@pytest.mark.parametrize("phrase", ["(a", "a)", "(a|)", "...", "?", "(a|b) " * 9])
def test_a_phrase_without_sense_is_refused(phrase: str) -> None:
    if phrase.startswith("(a|b)"):
        assert len(parse_phrase(phrase)) > 1  # too many together: heard piece by piece
        return
    with pytest.raises(PhraseError):
        parse_phrase(phrase)


@pytest.mark.parametrize(
    ("one", "other"), [("boss", "bus"), ("knight", "night"), ("price", "prize"), ("two", "too")]
)
def test_what_sounds_alike_has_one_code(one: str, other: str) -> None:
    assert sound(one) == sound(other)


def test_what_sounds_different_has_not() -> None:
    assert len({sound(word) for word in ("price", "budget", "boss", "week", "invoice")}) == 5


def run(coach: Coach, *said: tuple[str, str]) -> list[list[str]]:
    return [
        [one.trigger for one in coach.on_final(final(channel, t, t + 1, text, f"u{t}"))]
        for t, (channel, text) in enumerate(said)
    ]


def test_stage_checklist_card_and_thresholds_follow_the_conversation() -> None:
    coach = Coach(parse(PLAYBOOK, "mine.toml"), [])
    assert run(coach, ("self", "good morning"), ("other", "phew")) == [[], []]
    assert coach.stage is not None
    assert coach.stage.stage == "opening"
    assert [(one.id, one.utterance) for one in coach.checklist] == [
        ("greeted", "u0"),
        ("price-talk", None),
    ]
    for t in range(2, 8):
        coach.on_final(final("other", t, t + 1, "let us begin"))
    assert coach.stage.stage == "talk"
    assert 0.4 <= coach.stage.confidence <= 1
    (suggestion,) = coach.on_final(final("other", 8, 9, "the fee is very high", "u8"))
    assert suggestion.card is not None
    assert suggestion.card.lines == ["Compared with what?"]
    assert [one.id for one in coach.ticked] == ["price-talk"]
    assert [one.trigger for one in coach.on_final(final("other", 10, 11, "phew"))] == ["price"]
    both = coach.on_final(final("other", 12, 13, "over the budget with tax"))
    assert [one.trigger for one in both] == ["price"]


def test_a_trigger_of_another_stage_is_silent() -> None:
    text = PLAYBOOK.replace('"over ... budget"', '"nothing at all"')
    coach = Coach(parse(text, "mine.toml"), [])
    assert run(coach, ("other", "over the budget with tax")) == [[]]


def tracker() -> StageTracker:
    return StageTracker(
        [Stage(name, (StageCue("any", ("x",)),), utterances=8) for name in ("a", "b", "c")]
    )


def test_a_stage_is_entered_by_its_cues_and_does_not_flicker() -> None:
    one = tracker()
    seen = [
        one.update({"b": 12.0} if t in (7, 8, 10, 12) else {"a": 4.0} if t == 11 else {}, t).stage
        for t in range(14)
    ]
    assert seen == ["a"] * seen.index("b") + ["b"] * (14 - seen.index("b"))
    assert 7 <= seen.index("b") <= 10


def test_probabilities_of_stages_are_probabilities() -> None:
    one = tracker()
    for t in range(1000):
        state = one.update({"abc"[t % 3]: 1000.0 * (t % 2)}, float(t))
        assert 0 < state.confidence <= 1
        assert one.likelihood(["a", "b", "c"]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("utterances = 3", "utterances = 0", "9: a stage lasts at least 1 utterance, not 0"),
        ("utterances", "uterances", "9: unknown key 'uterances' in [[stage]] (did you mean 'utt"),
        (
            'triggers = ["price"]\no',
            'triggers = ["prize"]\no',
            "14: trigger 'prize' is not in this",
        ),
        ("talk_ratio = 0.4", "talk_ratio = 40", "17: talk_ratio is a share from 0 to 1, not 40"),
        ("talk_ratio", "ratio", "17: unknown key 'ratio' in [stage.thresholds]"),
        ("{cost}", "{costs}", "22: there are no words 'costs' (did you mean 'cost'?)"),
        ("(too|very)", "(too|very", "22: phrase 'the {cost} is (too|very high' has a '('"),
        ('card = "price"', 'card = "prices"', "24: card 'prices' is not in this playbook (did you"),
        ('during = ["talk"]', "", "19: during needs during_phrases or during_patterns beside it"),
        ('["talk"]\ndur', '["tock"]\ndur', "25: stage 'tock' is not in this playbook (there is"),
        ('stages = ["talk"]', 'stages = ["tall"]', "34: stage 'tall' is not in this playbook (did"),
        ('unless = ["price"]', 'unless = ["x"]', "33: trigger 'x' is not in this playbook (there"),
        ('title = "Greeted"\n', "", "36: [[check]] has no title"),
        ('lines = ["Compared with what?"]', "", "47: [[card]] has no lines"),
        ("cooldown = 0", "tolerance = 0.9", "27: tolerance is the share of letters that may be"),
        ('id = "price-talk"', 'id = "greeted"', "43: id 'greeted' is already taken by the check"),
    ],
)
def test_a_mistake_is_named_with_its_line(right: str, wrong: str, message: str) -> None:
    assert right in PLAYBOOK
    with pytest.raises(InputError) as caught:
        parse(PLAYBOOK.replace(right, wrong, 1), "mine.toml")
    assert str(caught.value).startswith(f"mine.toml:{message}")


def test_doubts_about_a_playbook_are_told() -> None:
    text = (
        PLAYBOOK.replace('["over the budget with tax"]', '["over budget", "well over budget"]')
        .replace('card = "price"\n', "")
        .replace('"over ... budget"', '"over budget"')
        .replace('"Tell."', f'"{"Tell " * 40}"')
    )
    told = warnings(parse(text, "mine.toml"))
    assert [line.split(":")[0].split(" has ")[0] for line in told] == [
        "phrase 'over budget' is in 'price' and in 'discount'",
        "phrase 'well over budget' in 'discount' adds nothing",
        "the suggestion of 'discount' is too long for a call",
        "no trigger shows the card 'price'",
    ]


def command(*arguments: str) -> object:
    """The exit code of ``voicestand coach``."""
    with pytest.raises(SystemExit) as ended:
        main(["coach", *arguments])
    return ended.value.code


def test_a_playbook_can_be_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(PLAYBOOK)
    assert command("check", str(path), "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["playbook"], shown["triggers"], shown["stages"]) == ("mine", 2, 2)
    path.write_text(PLAYBOOK.replace("utterances", "uterances"))
    assert command("check", str(path)) == 2
    logged = capsys.readouterr().err
    assert f"{path}:9: unknown key" in logged
    assert command("call.txt", str(path)) == 2


def test_the_command_shows_stages_checklist_and_cards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.toml").write_text(PLAYBOOK)
    call = tmp_path / "call.txt"
    call.write_text("self: good morning\nother: the price is too high\n")
    arguments = [str(call), "--playbook", str(tmp_path / "mine.toml")]
    assert command(*arguments) == 0
    shown = capsys.readouterr().out
    assert "== opening" in shown
    assert "- Compared with what?" in shown
    assert "[x] Greeted (0:00.8)" in shown
    assert command(*arguments, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["stages"][0]["stage"] == "opening"
    assert [one["id"] for one in document["checklist"]] == ["greeted", "price-talk"]
    assert document["suggestions"][0]["card"]["title"] == "Too much"


@pytest.mark.parametrize("name", list(shipped()))
def test_every_shipped_playbook_has_stages_and_a_checklist(name: str) -> None:
    playbook = find(name)
    assert len(playbook.stages) >= 4
    assert len(playbook.checks) >= 4
