"""Tables that a spreadsheet runs nothing of, documents to read, and where they are written."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestand.errors import InputError, StorageError
from voicestand.events import TranscriptFinal
from voicestand.journal.document import DocumentFormat, document, write
from voicestand.journal.private_file import make_folder, save
from voicestand.journal.reader import SessionDetail
from voicestand.journal.table import COLUMNS, to_csv

if TYPE_CHECKING:
    from tests.journal.conftest import Call

FORMATS: tuple[DocumentFormat, ...] = ("txt", "srt", "vtt", "json", "md", "csv")


def _detail(call: Call, *finals: TranscriptFinal) -> SessionDetail:
    return SessionDetail(
        session=call.session,
        id=call.session,
        status="complete",
        started=call.started(),
        utterances=list(finals),
        suggestions=[call.suggestion(2)],
        alerts=[call.alert(3)],
        metrics=call.metrics(1),
        ended=call.ended(len(finals)),
    )


@pytest.fixture
def detail(call: Call) -> SessionDetail:
    return _detail(
        call,
        call.final(1, "hello there"),
        call.final(2, "too *much*, <b>\n# really", channel="other"),
        call.final(3, ""),
    )


@pytest.fixture
def later(another_call: Call) -> SessionDetail:
    return _detail(another_call, another_call.final(0, "once more"))


def test_table_has_a_row_for_each_utterance(detail: SessionDetail, later: SessionDetail) -> None:
    header, *rows = csv.reader(io.StringIO(to_csv([detail, later]), newline=""))
    began = "2026-11-20T21:00:00+01:00"
    assert tuple(header) == COLUMNS
    assert rows == [
        ["0193-first", began, "self", "1.0", "1.5", "hello there"],
        ["0193-first", began, "other", "2.0", "2.5", "too *much*, <b> # really"],
        ["0193-first", began, "self", "3.0", "3.5", ""],
        ["0194-second", began, "self", "0.0", "0.5", "once more"],
    ]


signs = st.sampled_from(["=", "+", "-", "@", "\t", "\r", "\n", "＝", "\ufeff", " ", '"', ",", ";"])
texts = st.lists(signs | st.text(st.characters(codec="utf-8"), max_size=6)).map("".join)


@given(said=st.lists(texts, max_size=4))
def test_no_cell_is_a_formula_and_no_text_makes_a_row(said: list[str]) -> None:
    from tests.journal.conftest import Call

    call = Call(session="=cmd", channels=("self",))
    finals = [call.final(number, text) for number, text in enumerate(said)]
    _, *rows = csv.reader(io.StringIO(to_csv([_detail(call, *finals)]), newline=""))
    assert len(rows) == len(said)
    for row, text in zip(rows, said, strict=True):
        assert len(row) == len(COLUMNS)
        assert row[0] == "'=cmd"
        for cell in row:
            assert cell.lstrip("\ufeff \t")[:1] not in {"=", "+", "-", "@", "＝", "\t", "\r"}
        words = text.replace("\0", " ").split()
        assert words in (row[-1].split(), row[-1].removeprefix("'").split())


@pytest.mark.parametrize("text", ["=1+1", "  =1+1", "\u200b@SUM(A1)", "-2", "+49", "＝1"])
def test_what_a_spreadsheet_would_compute_is_text(call: Call, text: str) -> None:
    *_, last = csv.reader(io.StringIO(to_csv([_detail(call, call.final(1, text))])))
    assert last[-1] == f"'{text.strip()}"


def test_document_reads_as_a_call(detail: SessionDetail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    header, transcript = document([detail], "md").split("## Transcript\n")
    assert header.startswith("# Call of 2026-11-20 2")
    assert "- Session: 0193-first, complete\n- Source: call.wav\n" in header
    assert "- Length: 0:01:12\n- Speakers: self, other\n" in header
    assert "| self | 40% | 120 | 0:00:05 | 2 | 1 |\n" in header
    assert transcript == (
        "\n**self** (0:00:01): hello there\n"
        "\n**other** (0:00:02): too \\*much\\*, \\<b\\> \\# really\n"
        "\n> *Suggestion:* Ask what they compare it with.\n"
        "\n*warning (0:00:03):* The recognizer was restarted.\n"
    )


def test_document_of_a_silent_call_says_so(another_call: Call) -> None:
    silent = SessionDetail(
        session="x",
        id="x",
        status="interrupted",
        started=another_call.started(),
        utterances=[],
        suggestions=[],
        alerts=[],
        metrics=None,
        ended=None,
    )
    assert document([silent], "md").endswith("## Transcript\n\nNothing was said.\n")


def test_several_sessions_are_one_document_but_no_subtitles(
    detail: SessionDetail, later: SessionDetail
) -> None:
    both = [later, detail]
    assert document(both, "txt").splitlines()[:3] == ["self: once more", "", "self: hello there"]
    assert [said["session"] for said in json.loads(document(both, "json"))] == [
        "0194-second",
        *["0193-first"] * 3,
    ]
    assert document(both, "md").count("## Transcript") == 2
    for format_ in ("srt", "vtt"):
        with pytest.raises(InputError, match="give --output DIR"):
            document(both, format_)


@pytest.mark.parametrize("format_", FORMATS)
def test_each_session_gets_a_file_of_its_own_in_a_folder(
    tmp_path: Path, detail: SessionDetail, later: SessionDetail, format_: DocumentFormat
) -> None:
    folder = tmp_path / "new" / "calls"
    assert write([detail, later], format_, str(folder)) is None
    written = {file.name: file.read_bytes().decode() for file in folder.iterdir()}
    both = (detail, later)
    assert written == {f"{each.id}.{format_}": document([each], format_) for each in both}


def test_one_session_is_a_file_and_in_a_folder_that_is_there_has_its_name(
    tmp_path: Path, detail: SessionDetail
) -> None:
    write([detail], "txt", str(tmp_path / "call"))
    write([detail], "txt", str(tmp_path))
    write([detail], "md", f"{tmp_path / 'new'}/")
    assert (tmp_path / "call").read_text() == (tmp_path / "0193-first.txt").read_text()
    assert (tmp_path / "new" / "0193-first.md").is_file()


def test_several_sessions_are_one_file_where_its_name_says_so(
    tmp_path: Path, detail: SessionDetail, later: SessionDetail
) -> None:
    write([detail, later], "csv", str(tmp_path / "calls.csv"))
    assert len((tmp_path / "calls.csv").read_text().splitlines()) == 5


def test_only_the_user_can_read_what_is_exported(tmp_path: Path, detail: SessionDetail) -> None:
    before = os.umask(0)
    try:
        write([detail], "txt", f"{tmp_path}/new/calls/")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in sorted((tmp_path / "new").rglob("*"))]
    assert modes == [0o700, 0o600]
    (tmp_path / "open").write_text("before")
    (tmp_path / "open").chmod(0o644)
    save("x", tmp_path / "open")
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o600


def test_file_that_cannot_be_filled_leaves_the_one_before_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "call.txt"
    save("before", path)
    seen = []

    def fail(descriptor: int) -> None:
        seen.append([stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageError, match=r"call.txt is not written: No space left on device"):
        save("after", path)
    assert seen == [[0o600, 0o600]]
    assert [file.read_text() for file in tmp_path.iterdir()] == ["before"]


def test_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "call.txt")
    save("x", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "call.txt").read_text() == "x"


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match=f"cannot write to {folder}: Not a directory"):
            make_folder(folder)
