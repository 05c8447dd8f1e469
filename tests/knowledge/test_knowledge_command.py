"""``voicestand knowledge`` adds, lists, finds and removes, with one line for what is wrong."""

from __future__ import annotations

import json
import subprocess

import pytest
from tests.program import Program, error_lines


@pytest.fixture
def documents(program: Program) -> str:
    folder = program.home / "documents"
    folder.mkdir()
    (folder / "zoo.md").write_text("# Zebras\n\nZebras are fed twice a day.\n")
    (folder / "bad.md").write_bytes(bytes(100))
    return str(folder)


def test_a_folder_is_added_listed_found_and_removed(program: Program, documents: str) -> None:
    done = program("knowledge", "add", documents)
    assert (done.returncode, done.stdout) == (1, "1 added\n")
    assert [line.endswith("is no text: it holds binary data") for line in error_lines(done.stderr)]
    listed = json.loads(program("knowledge", "list", "--json").stdout)
    assert [(one["path"], one["passages"]) for one in listed] == [(f"{documents}/zoo.md", 1)]
    found = json.loads(program("knowledge", "search", "feeding", "zebras", "--json").stdout)
    assert found[0]["place"] == {"headings": ["Zebras"], "line": 3}
    shown = program("knowledge", "search", "zebra").stdout
    assert shown.startswith(f"{documents}/zoo.md (Zebras, line 3)\n    Zebras are fed")
    removed = program("knowledge", "remove", documents, "--json")
    assert (removed.returncode, json.loads(removed.stdout)) == (0, {"removed": 1})
    assert (program.data / "knowledge.sqlite3").stat().st_mode & 0o077 == 0


def test_standard_input_is_added(program: Program) -> None:
    done = subprocess.run(
        program.command("knowledge", "add", "-", "--name", "notes", "--json"),
        env=program.env,
        input=b"The zebra.",
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["added"] == ["notes"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "nowhere"), "there is no file or folder"),
        (("remove", "nowhere"), "nowhere is not among the documents"),
        (("remove",), "give the documents to remove, or --all"),
        (("search", "--limit", "0", "x"), "greater than or equal to 1"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    program: Program, arguments: tuple[str, ...], message: str
) -> None:
    done = program("knowledge", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = error_lines(done.stderr)
    assert message in line


def test_nothing_that_can_be_read_is_exit_code_2(program: Program, documents: str) -> None:
    assert program("knowledge", "add", f"{documents}/bad.md").returncode == 2
