"""A final that is shown is on disk, whatever the disk does meanwhile."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from voicestand.errors import StorageError
from voicestand.events import Event, TranscriptFinal
from voicestand.journal.journal import Journal
from voicestand.session.keeping import Keeper


def final(number: int) -> TranscriptFinal:
    return TranscriptFinal(
        session="s",
        t=float(number),
        channel="self",
        utterance=f"self-{number}",
        text=f"words {number}",
        start=float(number),
        end=number + 0.5,
        engine="test",
        latency_ms=1.0,
        engine_ms=1.0,
        recognizer_ms=0.0,
    )


class FailingJournal(Journal):
    """Stores in a list, or refuses: stands for a disk that is full at times."""

    def __init__(self) -> None:
        self.stored: list[str] = []
        self.full = False

    def final(self, event: TranscriptFinal) -> bool:
        if self.full:
            raise StorageError("disk full")
        if event.utterance in self.stored:
            return False
        self.stored.append(event.utterance)
        return True


@given(st.lists(st.sampled_from(["final", "fill", "free", "flush"]), max_size=60))
def test_finals_are_shown_in_order_once_and_only_when_stored(steps: list[str]) -> None:
    shown: list[str] = []
    journal = FailingJournal()

    def show(event: Event) -> None:
        assert isinstance(event, TranscriptFinal)
        assert event.utterance in journal.stored
        shown.append(event.utterance)

    keeper = Keeper(journal, show)
    count = 0
    for step in steps:
        match step:
            case "final":
                count += 1
                keeper.final(final(count))
            case "fill":
                journal.full = True
            case "free":
                journal.full = False
            case "flush":
                keeper.flush()
        assert shown == [f"self-{n}" for n in range(1, len(shown) + 1)]
        assert len(shown) + keeper.held == count
    journal.full = False
    keeper.flush()
    assert len(shown) == count


def test_what_could_never_be_stored_is_shown_at_the_end_rather_than_lost() -> None:
    shown: list[Event] = []
    journal = FailingJournal()
    journal.full = True
    keeper = Keeper(journal, shown.append)
    keeper.final(final(1))
    assert shown == []
    assert [event.utterance for event in keeper.give_up()] == ["self-1"]
    assert len(shown) == 1
    assert keeper.failure is not None


def test_a_final_that_the_journal_has_already_is_not_shown_again(tmp_path: Path) -> None:
    shown: list[Event] = []
    keeper = Keeper(FailingJournal(), shown.append)
    keeper.final(final(1))
    keeper.final(final(1))
    assert len(shown) == 1
