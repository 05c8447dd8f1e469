"""The books of what is owed: every utterance that began and ended leaves once, in order."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from voicestand.speech.messages import Advance, Begin, Drop, End, Final
from voicestand.speech.pending import (
    CRASH_LIMIT,
    KILL_LIMIT,
    Abandoned,
    Death,
    Pending,
    Settled,
)


@dataclass
class ModelWorker:
    """A worker as the books should see it: hears what it is told, in order."""

    begun: list[str] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    head: int = 0
    position: dict[str, int] = field(default_factory=dict)


def final(name: str) -> Final:
    return Final(name, f"words of {name}", [], started=0.0, finished=0.0, busy=0.0)


class Books(RuleBasedStateMachine):
    """Any order of speech, progress, deaths and overruns."""

    def __init__(self) -> None:
        super().__init__()
        self.pending = Pending()
        self.worker = ModelWorker()
        self.head = 0
        self.count = 0
        self.open: str | None = None
        self.ended: list[str] = []
        self.left: list[Settled] = []
        self.lost: set[str] = set()
        self.assured: int | None = None

    def leave(self, settled: list[Settled]) -> None:
        self.left += settled

    @rule(samples=st.integers(1, 100))
    def speak(self, samples: int) -> None:
        self.head += samples

    @precondition(lambda self: self.open is None)
    @rule(assured=st.none() | st.integers(0, 100))
    def begin(self, assured: int | None) -> None:
        self.open = f"u{self.count}"
        self.count += 1
        self.assured = None if assured is None else self.head + assured
        self.pending.begin(self.open, self.head, self.assured)

    @precondition(lambda self: self.open is not None)
    @rule(ahead=st.integers(-100, 100))
    def assure(self, ahead: int) -> None:
        self.assured = self.head + ahead
        self.pending.assure(self.assured)

    @precondition(lambda self: self.open is not None)
    @rule()
    def end(self) -> None:
        assert self.open is not None
        self.pending.end(self.open, self.head, asked=1.0)
        self.ended.append(self.open)
        self.open = None

    @rule()
    def tell(self) -> None:
        for command in self.pending.commands(self.head):
            match command:
                case Begin(name, start):
                    assert name not in self.worker.begun, "begun twice in one worker"
                    self.worker.begun.append(name)
                    self.worker.position[name] = start
                case End(name, end):
                    assert name in self.worker.begun
                    assert name not in self.worker.ended
                    assert end <= self.head
                    self.worker.ended.add(name)
                case Advance(head):
                    assert head > self.worker.head
                    assert head <= self.head
                    assert self.assured is None or head <= self.assured
                    self.worker.head = head
                case Drop(name):
                    # The worker may have finished with it in the meantime.
                    self.worker.begun = [one for one in self.worker.begun if one != name]
                    self.worker.ended.discard(name)
        assert not self.pending.commands(self.head), "told twice"
        # Told everything, the worker has the same utterances before it as the books.
        assert self.pending.busy() == (
            bool(self.worker.begun)
            and (
                self.worker.begun[0] in self.worker.ended
                or self.worker.head > self.worker.position[self.worker.begun[0]]
            )
        )

    @precondition(lambda self: self.worker.begun)
    @rule()
    def hear(self) -> None:
        name = self.worker.begun[0]
        self.worker.position[name] = max(self.worker.head, self.worker.position[name])
        self.pending.progress(name, self.worker.position[name])
        self.pending.partial(name, f"part of {name}")

    @precondition(lambda self: self.worker.begun and self.worker.begun[0] in self.worker.ended)
    @rule()
    def finish(self) -> None:
        name = self.worker.begun.pop(0)
        self.leave(self.pending.final(final(name)))
        # Said again, it counts as nothing.
        assert self.pending.final(final(name)) == []

    @rule(death=st.sampled_from(Death))
    def die(self, death: Death) -> None:
        self.pending.died(death)
        self.worker = ModelWorker()

    @rule()
    def overrun(self) -> None:
        if lost := self.pending.overrun():
            self.lost.add(lost.name)

    @rule()
    def let_go(self) -> None:
        self.leave(self.pending.take_abandoned())

    @rule()
    def no_worker_to_be_had(self) -> None:
        self.leave(self.pending.take_ended())
        # That is only so while there is none.
        self.pending.died(Death.CRASHED)
        self.worker = ModelWorker()

    @invariant()
    def what_left_had_ended_and_left_once_in_order(self) -> None:
        names = [one.utterance.name for one in self.left]
        assert names == self.ended[: len(names)]

    @invariant()
    def a_word_is_never_of_another_utterance(self) -> None:
        for utterance, word in self.left:
            assert word is None or word.utterance == utterance.name

    @invariant()
    def audio_is_kept_for_every_utterance_that_may_be_heard(self) -> None:
        oldest = self.pending.oldest_needed()
        for name in self.worker.begun:
            if name not in self.lost | {one.utterance.name for one in self.left}:
                assert oldest is not None
                assert oldest <= self.worker.position[name]

    def teardown(self) -> None:
        """A worker that lives to the end brings out everything."""
        if self.open is not None:
            self.end()
        self.tell()
        while self.worker.begun:
            self.finish()
            self.tell()
        self.let_go()
        assert [one.utterance.name for one in self.left] == self.ended
        assert len(self.pending) == 0
        assert self.pending.oldest_needed() is None


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)


def working(*names: str) -> Pending:
    """Books with ``names`` said and told to a worker."""
    pending = Pending()
    for name in names:
        pending.begin(name, 0)
        pending.end(name, 10, asked=0.0)
    pending.commands(10)
    return pending


@pytest.mark.parametrize(
    ("death", "limit"),
    [(Death.CRASHED, CRASH_LIMIT), (Death.HUNG, CRASH_LIMIT), (Death.KILLED, KILL_LIMIT)],
)
def test_an_utterance_is_given_up_after_its_limit_of_deaths(death: Death, limit: int) -> None:
    pending = working("a", "b")
    for _ in range(limit - 1):
        assert pending.died(death) is None
        assert [c for c in pending.commands(10) if isinstance(c, Begin)]
    given_up = pending.died(death)
    assert given_up is not None
    assert given_up.name == "a"
    assert given_up.abandoned is Abandoned.GAVE_UP
    assert [one.utterance.name for one in pending.take_abandoned()] == ["a"]
    assert pending.commands(10) == [Begin("b", 0), End("b", 10, 0.0)]


def test_the_utterance_after_one_that_was_given_up_starts_without_blame() -> None:
    pending = working("a", "b")
    for _ in range(CRASH_LIMIT):
        pending.died(Death.CRASHED)
        pending.commands(10)
    for _ in range(CRASH_LIMIT - 1):
        assert pending.died(Death.CRASHED) is None
        pending.commands(10)


def test_a_worker_that_dies_without_work_blames_nobody() -> None:
    pending = Pending()
    pending.begin("a", 0)
    for _ in range(10 * CRASH_LIMIT):
        pending.commands(0)
        assert pending.died(Death.CRASHED) is None


def test_a_second_utterance_waits_for_the_first_to_end() -> None:
    pending = Pending()
    pending.begin("a", 0)
    with pytest.raises(ValueError, match="'a' has not ended"):
        pending.begin("b", 5)
    with pytest.raises(ValueError, match="'b' does not go on"):
        pending.end("b", 5, asked=0.0)
