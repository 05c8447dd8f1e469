"""What is written is read back, by anybody, at any time."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voicestand import journal
from voicestand.errors import InputError, StorageError
from voicestand.events import TranscriptFinal, Word
from voicestand.journal import Journal

if TYPE_CHECKING:
    from tests.journal.conftest import Call

seconds = st.floats(min_value=0, max_value=1e6)
text = st.text(st.characters(codec="utf-8"), max_size=80)


def test_journal_returns_every_event_as_it_was_given(tmp_path: Path, call: Call) -> None:
    words = [Word(text="so", start=0.1, end=0.2, confidence=0.5), Word(text="ü", start=1, end=2)]
    finals = [call.final(0, words=words), call.final(1, "", channel="other")]
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        for final in finals:
            book.final(final)
        book.suggestion(call.suggestion(1))
        book.alert(call.alert(1))
        book.metrics(call.metrics(3))
        book.metrics(call.metrics(9))
        book.end(call.ended(2))
    detail = journal.session(call.session, tmp_path)
    assert detail.started == call.started()
    assert detail.utterances == finals
    assert detail.suggestions == [call.suggestion(1)]
    assert detail.alerts == [call.alert(1)]
    assert detail.metrics == call.metrics(9)
    assert detail.ended == call.ended(2)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    final=st.builds(
        TranscriptFinal,
        session=st.just("0193-first"),
        t=seconds,
        channel=st.sampled_from(["self", "other"]),
        utterance=st.uuids().map(str),
        text=text,
        start=seconds,
        end=seconds,
        engine=text,
        latency_ms=seconds,
        engine_ms=seconds,
        recognizer_ms=seconds,
        words=st.none()
        | st.lists(st.builds(Word, text=text, start=seconds, end=seconds), max_size=4),
    )
)
def test_any_final_comes_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, call: Call, final: TranscriptFinal
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with Journal.open(folder) as book:
        book.begin(call.started())
        assert book.final(final)
    assert journal.session(call.session, folder).utterances == [final]


def test_utterance_is_final_only_once(tmp_path: Path, call: Call) -> None:
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        assert book.final(call.final(1, "the first"))
        assert not book.final(call.final(1, "the second"))
    assert [u.text for u in journal.session(call.session, tmp_path).utterances] == ["the first"]


def test_finals_that_arrive_out_of_order_are_read_in_order(tmp_path: Path, call: Call) -> None:
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        for number in (3, 1, 2):
            book.final(call.final(number))
    starts = [final.start for final in journal.session(call.session, tmp_path).utterances]
    assert starts == [1.0, 2.0, 3.0]


def test_events_of_an_unknown_session_are_refused(tmp_path: Path, call: Call) -> None:
    with Journal.open(tmp_path) as book:
        with pytest.raises(ValueError, match="not begun"):
            book.final(call.final(1))
        book.begin(call.started())
        with pytest.raises(StorageError, match="already has a session 0193-first"):
            book.begin(call.started())


def test_only_the_user_can_read_the_journal(tmp_path: Path, call: Call) -> None:
    before = os.umask(0)
    try:
        with Journal.open(tmp_path / "share" / "voicestand") as book:
            book.begin(call.started())
            folder = book.path.parent
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    finally:
        os.umask(before)
    assert files == {f"journal.sqlite3{end}": 0o600 for end in ("", "-wal", "-shm")}


def test_journal_that_others_can_read_is_closed_to_them(tmp_path: Path, call: Call) -> None:
    Journal.open(tmp_path).close()
    (tmp_path / "journal.sqlite3").chmod(0o644)
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


def test_journal_lives_under_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with Journal.open() as book:
        book.begin(call.started())
        assert book.path == tmp_path / "data" / "voicestand" / "journal.sqlite3"
    assert [record.id for record in journal.sessions()] == [call.session]


def test_relative_data_folder_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    with Journal.open() as book:
        assert book.path.is_relative_to(tmp_path / ".local" / "share")


def test_session_is_running_then_complete(tmp_path: Path, call: Call) -> None:
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        book.final(call.final(4))
        (running,) = journal.sessions(tmp_path)
        book.end(call.ended(1))
        (complete,) = journal.sessions(tmp_path)
    assert (running.status, running.duration, running.utterances) == ("running", 4.5, 1)
    assert (complete.status, complete.duration, complete.utterances) == ("complete", 72.5, 1)


def test_session_closed_without_an_end_is_interrupted(tmp_path: Path, call: Call) -> None:
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
    assert journal.sessions(tmp_path)[0].status == "interrupted"
    assert journal.session(call.session, tmp_path).status == "interrupted"


def test_latest_session_comes_first(tmp_path: Path, call: Call, another_call: Call) -> None:
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        book.begin(another_call.started())
    assert [record.id for record in journal.sessions(tmp_path)] == ["0194-second", "0193-first"]
    assert journal.session_ids(tmp_path) == ["0194-second", "0193-first"]


def test_session_is_found_by_the_beginning_of_its_id(
    tmp_path: Path, call: Call, another_call: Call
) -> None:
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        book.begin(another_call.started())
    assert journal.session("0194", tmp_path).id == "0194-second"
    with pytest.raises(InputError, match="could be 0194-second or 0193-first"):
        journal.session("019", tmp_path)
    with pytest.raises(InputError, match="did you mean 0193-first"):
        journal.session("0193-frist", tmp_path)
    with pytest.raises(InputError, match="the latest is 0194-second"):
        journal.session("zzz", tmp_path)
    with pytest.raises(InputError, match="no session ''"):
        journal.session("", tmp_path)


def test_id_that_begins_another_id_is_itself(tmp_path: Path, call: Call) -> None:
    longer = type(call)(session=call.session + "-b")
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        book.begin(longer.started())
    assert journal.session(call.session, tmp_path).id == call.session


def test_reading_where_there_is_no_journal_finds_nothing_and_makes_nothing(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    assert journal.sessions(absent) == []
    with pytest.raises(InputError, match="no sessions yet"):
        journal.session("x", absent)
    assert not absent.exists()
    (tmp_path / "journal.sqlite3").touch()  # killed between making the file and its tables
    assert journal.sessions(tmp_path) == []


def test_final_stays_durable_after_events_that_do_not_wait(tmp_path: Path, call: Call) -> None:
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
        book.final(call.final(1))
        book.suggestion(call.suggestion(1))
        synchronous = book._connection.execute("PRAGMA synchronous").fetchone()
        mode = book._connection.execute("PRAGMA journal_mode").fetchone()
    assert (synchronous, mode) == ((2,), ("wal",))  # 2 is FULL


def test_threads_may_write_at_the_same_time(tmp_path: Path, call: Call) -> None:
    with Journal.open(tmp_path) as book:
        book.begin(call.started())

        def write(first: int) -> None:
            for number in range(first, first + 25):
                book.final(call.final(number))
                book.suggestion(call.suggestion(number))

        threads = [threading.Thread(target=write, args=(first,)) for first in (0, 100, 200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    detail = journal.session(call.session, tmp_path)
    assert (len(detail.utterances), len(detail.suggestions)) == (75, 75)
