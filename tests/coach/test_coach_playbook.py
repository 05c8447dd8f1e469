from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestand.coach.matching import Matcher
from voicestand.coach.patterns import PatternError, compile_pattern, required_literal
from voicestand.coach.playbook import Trigger, find, load, parse, shipped
from voicestand.errors import InputError

GOOD = """\
[playbook]
name = "mine"
description = "for the tests"

[thresholds]
talk_ratio = 0.5

[[trigger]]
id = "price"
channel = "other"
phrases = ["too expensive"]
suggestion = "Ask."
cooldown = 10
once = true

[[trigger]]
id = "pattern"
patterns = [
  "first",
  "\\\\bsecond\\\\b",
]
suggestion = "Tell."
"""


def complaint(folder: Path, text: str | bytes) -> str:
    """The one line that is said of a playbook, without the path before it."""
    path = folder / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message.removeprefix(f"{path}:")


def test_a_playbook_is_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    playbook = load(path)
    assert (playbook.name, playbook.description) == ("mine", "for the tests")
    assert playbook.thresholds.talk_ratio == 0.5
    assert playbook.thresholds.monologue == 76.0
    price, pattern = playbook.triggers
    assert (price.id, price.channel, price.phrases) == ("price", "other", ("too expensive",))
    assert (price.suggestion, price.cooldown, price.once) == ("Ask.", 10.0, True)
    assert (pattern.channel, pattern.cooldown, pattern.once) == ("any", 60.0, False)
    assert [one.pattern for one in pattern.patterns] == ["first", "\\bsecond\\b"]


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(path).name == "mine"
    assert complaint(tmp_path, GOOD.replace("once = true", "one = 1").replace("\n", "\r\n")) == (
        "14: unknown key 'one' in [[trigger]] (did you mean 'once'?)"
    )


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        (
            "[playbook]",
            "[playbok]",
            "1: unknown key 'playbok' at the top level (did you mean 'play",
        ),
        ('name = "mine"', "", "1: [playbook] has no name"),
        ('name = "mine"', "name = 3", "2: name must be a text in quotes, not a number"),
        ('name = "mine"', 'name = " "', "2: name is empty"),
        ("[thresholds]", "[threshold]", "5: unknown key 'threshold' at the top level (did you"),
        ("talk_ratio", "talkratio", "6: unknown key 'talkratio' in [thresholds] (did you mean 'ta"),
        ("= 0.5", "= 65", "6: talk_ratio is a share from 0 to 1, not 65 (65 percent is 0.65)"),
        ("= 0.5", '= "half"', "6: talk_ratio must be a number, not a text"),
        ("= 0.5", "= -1", "6: talk_ratio must be a number from 0 up, not -1"),
        ("= 0.5", "= nan", "6: talk_ratio must be a number from 0 up, not nan"),
        ("= 0.5", "= true", "6: talk_ratio must be a number, not true or false"),
        ("phrases", "phrase", "11: unknown key 'phrase' in [[trigger]] (did you mean 'phrases'?)"),
        ("phrases", "zzz", "11: unknown key 'zzz' in [[trigger]] (known: id, channel, phrases"),
        ('id = "price"\n', "", "8: [[trigger]] has no id"),
        ('suggestion = "Ask."', "", "8: [[trigger]] has no suggestion"),
        (
            '"other"',
            '"others"',
            "10: channel must be one of 'self', 'other' or 'any', not 'others'",
        ),
        ('["too expensive"]', "[]", "11: phrases is empty"),
        ('["too expensive"]', '[""]', "11: phrases has an empty text"),
        ('["too expensive"]', '["a",\n"?!"]', "12: phrase '?!' has no words"),
        ('["too expensive"]', '"too expensive"', "11: phrases must be a list of texts in [ ], not"),
        ('["too expensive"]', '["a",\n\n7]', "13: phrases must be texts in quotes; 7 is a number"),
        ('phrases = ["too expensive"]', "", "8: [[trigger]] has neither phrases nor patterns"),
        ("once = true", 'once = "yes"', "14: once must be true or false, not a text"),
        ("cooldown = 10", "cooldown = 1979-05-27", "13: cooldown must be a number, not a date"),
        (
            'id = "pattern"',
            'id = "price"',
            "17: id 'price' is already taken by the trigger in line",
        ),
        ('"first"', '"(first"', "19: pattern '(first' is not a regular expression: missing )"),
        ('"first"', '"(a+)+b"', "19: pattern '(a+)+b' repeats a group that has a repetition"),
        ('"first"', '"a*"', "19: pattern 'a*' matches everything"),
        ('"first"', '"a{99999999999}"', "19: pattern 'a{99999999999}' is not a regular expression"),
        ('[[trigger]]\nid = "price"', "[[trigger]]\nid = ", "9: not TOML: Invalid value"),
        ("once = true", "once = true\n[[trigger", "15: not TOML: Expected ']]'"),
        ("[playbook]", 'trigger = "x"\n[playbook]', "2: not TOML"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, right: str, wrong: str, message: str
) -> None:
    assert right in GOOD
    text = GOOD.replace(right, wrong, 1)
    if message.startswith("2: not TOML"):  # the second definition is refused, wherever it stands
        assert re.match(r"\d+: not TOML: ", complaint(tmp_path, text))
    else:
        assert complaint(tmp_path, text).startswith(message)


def test_a_playbook_without_triggers_is_refused(tmp_path: Path) -> None:
    assert complaint(tmp_path, '[playbook]\nname = "x"\n') == (
        "1: there is no [[trigger]]: add at least one"
    )
    assert complaint(tmp_path, 'trigger = 3\n[playbook]\nname = "x"\n').startswith(
        "1: a trigger begins with [[trigger]]"
    )
    assert complaint(tmp_path, 'trigger = [3]\n[playbook]\nname = "x"\n').startswith(
        "1: a trigger must be a table"
    )
    assert complaint(tmp_path, "playbook = 1\n").startswith("1: playbook must be a table")


def test_what_is_no_playbook_file_is_refused_in_one_line(tmp_path: Path) -> None:
    assert "not UTF-8" in complaint(tmp_path, b"[playbook]\nname = '\xff\xfe'\n")
    assert complaint(tmp_path, b"[playbook]\nname = '\xff'\n").startswith("2: not UTF-8")
    assert "nested too deeply" in complaint(tmp_path, "a = " + "[" * 5000 + "]" * 5000)
    assert "larger than" in complaint(tmp_path, b"#" * 5_000_000)
    assert "no [[trigger]]" in complaint(tmp_path, b"")
    with pytest.raises(InputError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(InputError, match="No such file"):
        find(str(tmp_path / "missing.toml"))
    with pytest.raises(InputError, match="cannot read playbook"):
        find("a\0b.toml")


@given(
    st.integers(0, len(GOOD)),
    st.integers(0, 12),
    st.text("[]{}=\"'\\\n#., aétrigger019", max_size=6),
)
def test_no_typing_error_brings_more_than_one_line(at: int, removed: int, typed: str) -> None:
    said = "mine.toml:1: nothing"
    try:
        parse(GOOD[:at] + typed + GOOD[at + removed :], "mine.toml")
    except InputError as error:
        said = str(error)
    assert re.fullmatch(r"mine\.toml:\d+: [^\n]+", said)


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(InputError, match=r"sales-call \(did you mean 'sales-call'"):
        find("sale-call")
    with pytest.raises(InputError, match=r"must end in \.toml"):
        find("zzz")


@pytest.mark.parametrize("name", list(shipped()))
def test_every_shipped_playbook_is_sound_and_brief(name: str) -> None:
    playbook = find(name)
    assert playbook.name == name
    assert playbook.description
    assert all(len(trigger.suggestion) <= 140 for trigger in playbook.triggers)


@pytest.mark.parametrize(
    "source",
    [
        "(a+)+",
        "(a*)*b",
        r"(\w+\s?)+x",
        "((a|b+)c)*",
        "(?:x{2,})+",
        r"(?P<n>\d+,?){3,}",
        "([+]a+){11}",
    ],
)
def test_a_pattern_that_could_hang_is_refused(source: str) -> None:
    with pytest.raises(PatternError, match=r"take forever|matches everything"):
        compile_pattern(source)


@pytest.mark.parametrize(
    "source",
    [
        r"\b(not|no) (\w+ ){0,3}budget",
        "(a|b)+c",
        "[(a+)]+",
        r"\(a+\)+",
        "(a+b)?c",
        "(x{3}){4}",
        "[]+]+",
    ],
)
def test_ordinary_patterns_are_accepted(source: str) -> None:
    assert compile_pattern(source)


def test_a_slow_pattern_ends_because_only_the_beginning_of_a_long_text_is_searched() -> None:
    trigger = Trigger(id="x", suggestion="y", patterns=(compile_pattern(r"(\w+ ){0,5}a\w*!"),))
    # Without the bound on the text this takes many minutes.
    assert Matcher([trigger]).find("a " * 100_000) == []


LITERALS = {
    r"\bpricing (\w+ )?model\b": "pricing ",
    "colou?r": "colo",
    "ab+cdef": "cdef",
    "ab+": "",
    "(?:abc)def": "def",
    "(abcdef)?ghi": "ghi",
    "[abc]def ghi": "def ghi",
    "x{3}abcd{0,2}": "abc",
    r"\(abc": "abc",
    "Price|cost": "",
    "(?i)hello": "",
    r"\x4abcd": "",
    "be": "",
    r"(too|very) (expensive|much) .*money": "money",
}


@pytest.mark.parametrize("source", LITERALS)
def test_the_letters_that_a_pattern_needs_are_known(source: str) -> None:
    assert required_literal(source) == LITERALS[source]


@given(st.data())
def test_no_match_is_missed_for_want_of_its_letters(data: st.DataObject) -> None:
    source = data.draw(st.sampled_from([*LITERALS, r"a{2,3}bcd", "abc*d+e?fgh", "^one. two$"]))
    text = data.draw(st.from_regex(compile_pattern(source)))
    assert required_literal(source) in text.lower()
