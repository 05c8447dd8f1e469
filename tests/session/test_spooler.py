"""The audio of an utterance is on disk from its onset until its transcript is in the journal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec
import numpy as np
import pytest
from tests.program import wait_until
from tests.session.test_keeping import FailingJournal, final

from voicestand.errors import StorageError
from voicestand.journal import spool
from voicestand.session.inbox import Alert, Heard
from voicestand.session.keeping import Keeper
from voicestand.session.latency import EndOfSpeech
from voicestand.session.spooler import Spooler
from voicestand.speech.pending import Abandoned
from voicestand.speech.recognizer import FinalResult
from voicestand.vad.endpointer import Endpoint, Onset

if TYPE_CHECKING:
    from voicestand.speech.recognizer import Recognizer

SESSION = "s"


class Ramp:
    """Stands for a recognizer's log: each sample says where it is."""

    head = 0

    def audio(self, start: int, end: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
        assert start <= end <= self.head
        return (np.arange(start, end) % 30_000).astype(np.int16)


class Desk:
    """A spooler with all that is around it."""

    def __init__(self, folder: Path, limit: int = 1 << 20) -> None:
        self.journal = folder / "journal.sqlite3"
        self.log = Ramp()
        self.alerts: list[Alert] = []
        logs = {"self": cast("Recognizer", self.log)}
        self.spooler = Spooler(self.journal, SESSION, logs, limit, self.alerts.append)
        self._tell = self.spooler.overhear(lambda message: None)
        self.spooler.start()

    def begin(self, number: int, at: int) -> None:
        self._tell(
            Heard(
                channel="self",
                utterance=f"self-{number}",
                what=Onset(at + 100, at),
                end_of_speech=None,
            )
        )

    def end(self, number: int, at: int, until: int) -> None:
        moments = EndOfSpeech(spoken=0.0, decidable=0.0)
        what = Endpoint(at + 100, until - 100, at, until, "silence")
        self._tell(
            Heard(channel="self", utterance=f"self-{number}", what=what, end_of_speech=moments)
        )

    def on_disk(self) -> dict[str, spool.Spooled]:
        found = spool.find(spool.folder_of(self.journal, SESSION))
        return {one.about.utterance: one for one in found}

    def wait_for(self, number: int, samples: int) -> spool.Spooled:
        name = f"self-{number}"
        wait_until(lambda: name in self.on_disk() and self.on_disk()[name].samples == samples)
        return self.on_disk()[name]

    def wait_for_none(self) -> None:
        wait_until(lambda: not self.on_disk())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.spooler.close()


def gave_up(number: int) -> FinalResult:
    return FinalResult(
        channel="self",
        utterance=f"self-{number}",
        text="",
        words=[],
        start=0,
        end=1000,
        engine="test",
        abandoned=Abandoned.GAVE_UP,
        asked=0.0,
        started=0.0,
        finished=0.0,
        recognized_in=0.0,
    )


def test_what_is_being_said_is_on_disk_while_it_is_said(desk: Desk) -> None:
    desk.log.head = 8_000
    desk.begin(1, 3_000)
    for head in (8_000, 9_000, 40_000):
        desk.log.head = head
        one = desk.wait_for(1, head - 3_000)
        np.testing.assert_array_equal(spool.audio(one), np.arange(3_000, head) % 30_000)
    assert (one.about.speech_start, one.about.speech_end, one.end) == (3_100, None, 40_000)
    desk.end(1, 3_000, 39_000)
    one = desk.wait_for(1, 36_000)
    assert one.end == 38_900
    assert not desk.alerts


def test_audio_goes_when_the_transcript_is_stored_and_the_folder_with_the_session(
    desk: Desk,
) -> None:
    for number, at in enumerate((0, 4_000), start=1):
        desk.log.head = at + 4_000
        desk.begin(number, at)
        desk.end(number, at, at + 4_000)
        desk.wait_for(number, 4_000)
    desk.spooler.settle(final(1))
    wait_until(lambda: set(desk.on_disk()) == {"self-2"})
    desk.spooler.settle(final(2))
    desk.spooler.close()
    assert not spool.folder_of(desk.journal, SESSION).exists()


def test_what_has_no_transcript_when_the_session_ends_stays(desk: Desk) -> None:
    desk.log.head = 4_000
    desk.begin(1, 0)
    desk.end(1, 0, 4_000)
    desk.spooler.close()
    assert set(desk.on_disk()) == {"self-1"}


def test_audio_of_what_was_given_up_is_kept_and_said_where(desk: Desk) -> None:
    desk.log.head = 4_000
    desk.begin(1, 0)
    desk.end(1, 0, 4_000)
    desk.wait_for(1, 4_000)
    name = desk.spooler.kept(gave_up(1))
    assert name == "audio/s/self-1.wav"
    desk.spooler.settle(msgspec.structs.replace(final(1), audio=name, failed="gave-up"))
    desk.wait_for_none()
    desk.spooler.close()
    kept = desk.journal.parent / name
    assert kept.stat().st_size == spool.HEADER + 8_000
    (alert,) = desk.alerts
    assert (alert.code, str(kept) in alert.message) == ("audio.kept", True)
    assert desk.spooler.kept(gave_up(2)) is None  # never heard of


def test_beyond_its_limit_it_says_so_once_keeps_what_it_has_and_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, limit=20_000)
    desk.log.head = 8_000
    desk.begin(1, 0)
    desk.wait_for(1, 8_000)
    desk.end(1, 0, 8_000)
    for number in (2, 3):
        desk.begin(number, 8_000)
        desk.log.head += 4_000
        wait_until(lambda: desk.alerts)
    assert desk.on_disk()["self-1"].samples == 8_000
    assert [(alert.code, "spool_megabytes" in alert.message) for alert in desk.alerts] == [
        ("audio.not_spooled", True)
    ]
    for number in (1, 2, 3):
        desk.spooler.settle(final(number))
    desk.wait_for_none()
    at = desk.log.head
    desk.begin(4, at)
    desk.log.head += 4_000
    desk.wait_for(4, 4_000)
    desk.spooler.close()
    assert len(desk.alerts) == 1


def test_disk_that_refuses_is_told_of_and_the_rest_goes_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "spool").write_text("in the way")
    desk.log.head = 4_000
    desk.begin(1, 0)
    wait_until(lambda: desk.alerts)
    assert "in the way" not in desk.alerts[0].message
    assert desk.spooler.kept(gave_up(1)) is None
    desk.spooler.settle(final(1))
    (tmp_path / "spool").unlink()
    desk.begin(2, 0)
    desk.wait_for(2, 4_000)
    desk.spooler.close()
    assert [alert.code for alert in desk.alerts] == ["audio.not_spooled"]


def test_audio_stays_for_the_next_start_where_the_journal_refuses_its_transcript(
    desk: Desk,
) -> None:
    desk.log.head = 4_000
    for number in (1, 2):
        desk.begin(number, 0)
        desk.end(number, 0, 4_000)
        desk.wait_for(number, 4_000)
    journal = FailingJournal()
    keeper = Keeper(journal, lambda event: None)
    keeper.stored = desk.spooler.settle
    keeper.final(final(1))
    journal.full = True
    keeper.final(final(2))
    assert isinstance(keeper.failure, StorageError)
    keeper.give_up()
    desk.spooler.close()
    assert set(desk.on_disk()) == {"self-2"}


def test_what_waits_for_a_slow_recognizer_is_not_open(desk: Desk) -> None:
    def is_open() -> bool:
        path = spool.folder_of(desk.journal, SESSION) / "self-1.wav"
        # The one that the folder was listed by is gone, and resolves to itself.
        return path in {one.resolve() for one in Path("/proc/self/fd").iterdir()}

    desk.log.head = 8_000
    desk.begin(1, 3_000)
    desk.wait_for(1, 5_000)
    assert is_open()
    desk.end(1, 3_000, 8_000)
    wait_until(lambda: not is_open())
    desk.spooler.settle(final(1))
    desk.wait_for_none()
