from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestand.coach.positions import Path, line_numbers, locate

TRICKY = '''# a comment with [brackets] and "quotes"
title = "x" # [not a header]
"a key".'of three'.parts = 1
mixed = [ # ]
  "one", 'two # not a comment]',
  """three
goes on "quoted" """, {k = 1, "m.n" = [1,
4]},
  1979-05-27 07:32:00, -3.5 ]
[t.u]
v = """ends in a quote\\""""
w = \'\'\'raw
\\\'\'\'
after = true
[[g]]
id = "1"
[g.sub]
z = []
[[g]]
id = "2"
e = {}
[[g.h]]
q = 0xFF
'''


def paths(value: Any, root: Path = ()) -> list[Path]:
    children: Any = value.items() if isinstance(value, dict) else ()
    children = enumerate(value) if isinstance(value, list) else children
    return [root, *(path for name, child in children for path in paths(child, (*root, name)))]


def test_every_value_of_a_tricky_document_has_its_line() -> None:
    lines = line_numbers(TRICKY)
    assert set(paths(tomllib.loads(TRICKY))) == set(lines)
    expected: dict[Path, int] = {
        ("title",): 2,
        ("a key", "of three", "parts"): 3,
        ("mixed", 1): 5,
        ("mixed", 2): 6,
        ("mixed", 3, "k"): 7,
        ("mixed", 3, "m.n", 1): 8,
        ("mixed", 5): 9,
        ("t", "u", "v"): 11,
        ("t", "u", "w"): 12,
        ("t", "u", "after"): 14,
        ("g", 0, "sub", "z"): 18,
        ("g", 1): 19,
        ("g", 1, "id"): 20,
        ("g", 1, "h", 0, "q"): 23,
    }
    assert {path: lines[path] for path in expected} == expected


def test_what_is_not_in_the_document_is_located_at_what_contains_it() -> None:
    lines = line_numbers("\n[a]\nb = 1\n")
    assert locate(lines, ("a", "missing")) == 2
    assert locate(lines, ("nowhere", 3)) == 1


@pytest.mark.parametrize("document", ["", "\n\n", "# only", "a=1", "a = 1\r\nb = 2\r\n"])
def test_short_documents_are_scanned_to_their_end(document: str) -> None:
    assert set(line_numbers(document)) == set(paths(tomllib.loads(document)))


texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\x7f"), max_size=8)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[Path, int]]:
    """A document of tables with arrays of strings, and the line on which each element stands."""
    lines: list[str] = []
    where: dict[Path, int] = {}
    for table in range(draw(st.integers(0, 4))):
        lines += draw(st.lists(st.sampled_from(["", "# '''", '# """ [[x]]']), max_size=2))
        lines.append("[[t]]")
        where["t", table] = len(lines)
        for key in range(draw(st.integers(0, 3))):
            lines.append(f"k{key} = [")
            for element in range(draw(st.integers(0, 3))):
                lines += draw(st.lists(st.just("  # ],"), max_size=1))
                value = json.dumps(draw(texts))
                if draw(st.booleans()):
                    value = f'""{value}""'.replace("\\n", "\n")
                start = len(lines) + 1
                lines += f"  {value},".split("\n")
                where["t", table, f"k{key}", element] = start
            lines.append("]")
    return "\n".join(lines), where


@given(documents())
def test_every_array_element_is_found_on_its_line(made: tuple[str, dict[Path, int]]) -> None:
    document, where = made
    try:
        tomllib.loads(document)
    except tomllib.TOMLDecodeError:  # a control character or a surrogate that TOML forbids
        return
    lines = line_numbers(document)
    assert {path: lines[path] for path in where} == where
