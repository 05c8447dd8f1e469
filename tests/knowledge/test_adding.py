"""The store says what the documents say, whatever they are and whatever happens meanwhile."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from tests.knowledge.made_documents import docx, docx_paragraph, encrypted_pdf, pdf

from voicestand.errors import InputError, StorageError
from voicestand.knowledge import Knowledge, adding, schema
from voicestand.knowledge.documents import finding
from voicestand.knowledge.listing import documents


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def sources(store: Path, text: str) -> list[str]:
    with Knowledge.open(store) as knowledge:
        return [Path(found.source).name for found in knowledge.search(text)]


def test_every_format_is_found_with_its_place(folder: Path, store: Path) -> None:
    (folder / "a.md").write_text("# Prices\n\nThe premium plan costs a fortune.\n")
    (folder / "b.txt").write_text("\nKangaroos are shipped on Tuesdays.\n")
    (folder / "c.html").write_text("<h1>Refunds</h1><p>Umbrellas are refunded.")
    (folder / "d.pdf").write_bytes(pdf("Nothing", "Warranty of bicycles"))
    (folder / "e.docx").write_bytes(docx(docx_paragraph("Repairs of violins")))
    report = adding.add([folder], store)
    assert [Path(path).name for path in report.added] == [
        "a.md", "b.txt", "c.html", "d.pdf", "e.docx",
    ]  # fmt: skip
    with Knowledge.open(store) as knowledge:
        places = {
            word: str(knowledge.search(word)[0].place)
            for word in ("fortune", "kangaroo", "umbrella", "bicycle", "violin")
        }
    assert places == {
        "fortune": "Prices, line 3",
        "kangaroo": "line 2",
        "umbrella": "Refunds, line 1",
        "bicycle": "page 2",
        "violin": "",
    }


def test_only_what_changed_is_read_anew_and_what_vanished_is_gone(
    folder: Path, store: Path
) -> None:
    for name in ("kept", "changed", "vanished"):
        (folder / f"{name}.md").write_text(f"The zebra of {name}.")
    adding.add([folder], store)
    (folder / "changed.md").write_text("The giraffe of changed.")
    (folder / "vanished.md").unlink()
    os.utime(folder / "kept.md")
    report = adding.add([folder], store)
    assert [Path(path).name for path in report.replaced] == ["changed.md"]
    assert [Path(path).name for path in report.removed] == ["vanished.md"]
    assert (report.added, report.unchanged) == ([], 1)
    assert sources(store, "zebra") == ["kept.md"]
    assert sources(store, "giraffe") == ["changed.md"]


def test_a_folder_or_file_that_vanished_is_removed_by_its_name(folder: Path, store: Path) -> None:
    (folder / "a.md").write_text("The zebra.")
    adding.add([folder], store)
    (folder / "a.md").unlink()
    folder.rmdir()
    assert len(adding.add([folder], store).removed) == 1
    with pytest.raises(InputError, match="there is no file or folder"):
        adding.add([folder], store)


def test_hostile_files_are_refused_in_one_line_each_and_the_others_are_added(
    folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST_BYTES", 1 << 20)
    (folder / "good.md").write_text("The zebra.")
    (folder / "below").mkdir()
    (folder / "below" / "good.txt").write_text("Another zebra.")
    (folder / "below" / "circle").symlink_to(folder)
    (folder / "loop.md").symlink_to(folder / "loop.md")
    (folder / "dangling.md").symlink_to(folder / "nowhere.md")
    os.mkfifo(folder / "pipe.md")
    (folder / "folder.md").mkdir()
    (folder / "huge.txt").write_bytes(b"a " * (1 << 20))
    (folder / "encrypted.pdf").write_bytes(encrypted_pdf())
    (folder / "garbage.pdf").write_bytes(os.urandom(5000))
    (folder / "garbage.docx").write_bytes(os.urandom(5000))
    (folder / "garbage.md").write_bytes(bytes(5000))
    (folder / "steering\x1b[2J.md").write_bytes(bytes(5000))
    (folder / ".hidden.md").write_text("A hidden zebra.")
    (folder / "program.exe").write_bytes(bytes(10))
    report = adding.add([folder], store)
    refused = {Path(one.path).name: one.reason for one in report.refused}
    assert sorted(sources(store, "zebra")) == ["good.md", "good.txt"]
    assert refused.keys() == {
        "loop.md", "dangling.md", "pipe.md", "huge.txt", "encrypted.pdf", "garbage.pdf",
        "garbage.docx", "garbage.md", "steering\x1b[2J.md",
    }  # fmt: skip
    assert refused["pipe.md"] == "is no ordinary file"
    assert refused["huge.txt"] == "has more than 1 MB: split it"
    assert all("\n" not in reason for reason in refused.values())


def test_a_document_that_cannot_be_read_any_more_is_not_quoted_any_more(
    folder: Path, store: Path
) -> None:
    (folder / "a.md").write_text("The zebra.")
    adding.add([folder], store)
    (folder / "a.md").write_bytes(bytes(100))
    report = adding.add([folder], store)
    assert (len(report.refused), len(report.removed)) == (1, 1)
    assert sources(store, "zebra") == []


def test_what_lies_in_a_folder_that_cannot_be_listed_stays_known(
    folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "locked").mkdir()
    (folder / "locked" / "a.md").write_text("The zebra.")
    adding.add([folder], store)
    listed = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = adding.add([folder], store)
    assert [one.reason for one in report.refused] == ["cannot be read: Permission denied"]
    assert report.removed == []


def test_standard_input_is_a_document_by_its_name(store: Path) -> None:
    adding.add_text("notes", b"# Zoo\n\nThe zebra.", store)
    adding.add_text("notes", b"# Zoo\n\nThe giraffe.", store)
    assert sources(store, "giraffe") == ["notes"]
    assert sources(store, "zebra") == []
    with pytest.raises(InputError, match="cannot be its name"):
        adding.add_text("/etc/passwd", b"x", store)


def test_documents_are_removed_by_file_folder_and_name(folder: Path, store: Path) -> None:
    for name in ("a.md", "b.md", "c.md"):
        (folder / name).write_text("The zebra.")
    adding.add([folder], store)
    adding.add_text("notes", b"The zebra.", store)
    with pytest.raises(InputError, match="not among the documents"):
        adding.remove(["notes", str(folder / "d.md")], store)
    assert len(documents(store)) == 4
    assert adding.remove(["notes", str(folder / "a.md")], store) == 2
    assert adding.remove([str(folder)], store) == 2
    assert (documents(store), sources(store, "zebra")) == ([], [])


def test_the_store_is_for_the_user_alone(folder: Path, store: Path) -> None:
    (folder / "a.md").write_text("The zebra.")
    adding.add([folder], store)
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    for file in store.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_damaged_store_says_what_to_do(store: Path) -> None:
    store.mkdir()
    (store / schema.FILE_NAME).write_bytes(b"no database" * 1000)
    for use in (lambda: Knowledge.open(store), lambda: documents(store)):
        with pytest.raises(StorageError, match=r"the knowledge .* is damaged"):
            use()
