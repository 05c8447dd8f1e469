"""How well a coach does on labelled conversations: triggers, stages, suggestions, false alarms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields

from tests.coach.corpus import Conversation, Half, Turn, as_evaluated, load_corpus

NOT_BY_WORDS = frozenset({"closed-question-run"})
"""Triggers that follow from more than a turn's words: the corpus has no labels for them."""


@dataclass(frozen=True)
class Suggested:
    """A suggestion that was shown: of a trigger, or of a figure of the conversation."""

    trigger: str | None = None
    over_threshold: bool = False
    """Of a warning about a figure: that it really was over its threshold."""


@dataclass(frozen=True)
class Outcome:
    """What the coach made of one turn."""

    fired: frozenset[str] = frozenset()
    stage: str | None = None
    suggestions: tuple[Suggested, ...] = ()


Coach = Callable[[Conversation], Sequence[Outcome]]
"""One outcome a turn, in order."""


@dataclass(frozen=True)
class Mistake:
    """A turn whose triggers or stage are not those of its labels."""

    conversation: str
    number: int
    """Of the turn, from 1."""
    text: str
    missed: frozenset[str]
    wrong: frozenset[str]
    stage: str | None
    """What was taken for it, where that is wrong."""


@dataclass(frozen=True)
class Score:
    """Counts, which add up, and their ratios. A ratio of nothing is 1: no mistake was made."""

    right: int = 0
    """Triggers fired that the labels ask for."""
    wrong: int = 0
    """Triggers fired that they do not, in calls and in small talk."""
    missed: int = 0
    turns: int = 0
    """Those with a stage."""
    turns_staged: int = 0
    """Those whose stage was found."""
    suggestions: int = 0
    relevant: int = 0
    false_alarms: int = 0
    """Triggers fired in small talk."""
    small_talk_seconds: float = 0.0
    """Of speech."""

    def __add__(self, other: Score) -> Score:
        names = [one.name for one in fields(self)]
        return Score(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def precision(self) -> float:
        return _ratio(self.right, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return _ratio(self.right, self.right + self.missed)

    @property
    def stage_accuracy(self) -> float:
        return _ratio(self.turns_staged, self.turns)

    @property
    def relevance(self) -> float:
        return _ratio(self.relevant, self.suggestions)

    @property
    def false_alarms_per_10_minutes(self) -> float:
        return 600 * self.false_alarms / self.small_talk_seconds if self.small_talk_seconds else 0.0


@dataclass(frozen=True)
class Evaluation:
    """The scores of some conversations."""

    playbooks: Mapping[str, Score]
    triggers: Mapping[tuple[str, str], Score]
    """By playbook and id; only ``right``, ``wrong`` and ``missed`` are counted."""
    mistakes: Sequence[Mistake] = field(repr=False)

    @property
    def total(self) -> Score:
        return sum(self.playbooks.values(), Score())

    def __str__(self) -> str:
        rows = [*sorted(self.playbooks.items()), ("all", self.total)]
        head = f"{'':26}precision  recall  stage  relevance  false alarms/10 min"
        return "\n".join([head, *(_row(name, score) for name, score in rows)])


def evaluate_half(coach: Coach, half: Half) -> Evaluation:
    """The corpus' half, half of its conversations heard with errors: the figures to report."""
    return evaluate(coach, as_evaluated([one for one in load_corpus() if one.half == half]))


def evaluate(coach: Coach, conversations: Iterable[Conversation]) -> Evaluation:
    """Judges every turn by its labels. Raises ``ValueError`` unless each turn has an outcome."""
    playbooks: dict[str, Score] = defaultdict(Score)
    triggers: dict[tuple[str, str], Score] = defaultdict(Score)
    mistakes: list[Mistake] = []
    for conversation in conversations:
        for number, (turn, outcome) in enumerate(
            zip(conversation.turns, coach(conversation), strict=True), 1
        ):
            playbook = conversation.playbook
            playbooks[playbook] += score(turn, outcome, conversation.kind == "small-talk")
            for trigger, counts in _by_trigger(turn, outcome):
                triggers[playbook, trigger] += counts
            mistakes += _mistake(conversation.name, number, turn, outcome)
    return Evaluation(dict(playbooks), dict(triggers), mistakes)


def score(turn: Turn, outcome: Outcome, small_talk: bool) -> Score:
    """Of one turn."""
    right, wrong, missed = _compared(turn, outcome)
    staged = turn.stage is not None
    return Score(
        right=len(right),
        wrong=len(wrong),
        missed=len(missed),
        turns=staged,
        turns_staged=staged and outcome.stage == turn.stage,
        suggestions=len(outcome.suggestions),
        relevant=sum(_is_relevant(one, turn) for one in outcome.suggestions),
        false_alarms=len(wrong) if small_talk else 0,
        small_talk_seconds=turn.end - turn.start if small_talk else 0.0,
    )


def _compared(
    turn: Turn, outcome: Outcome
) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """What was fired rightly, fired wrongly, and missed."""
    fired = outcome.fired - turn.optional - NOT_BY_WORDS
    return fired & turn.triggers, fired - turn.triggers, turn.triggers - fired


def _by_trigger(turn: Turn, outcome: Outcome) -> Iterator[tuple[str, Score]]:
    right, wrong, missed = _compared(turn, outcome)
    yield from ((trigger, Score(right=1)) for trigger in right)
    yield from ((trigger, Score(wrong=1)) for trigger in wrong)
    yield from ((trigger, Score(missed=1)) for trigger in missed)


def _mistake(name: str, number: int, turn: Turn, outcome: Outcome) -> list[Mistake]:
    _, wrong, missed = _compared(turn, outcome)
    stage = outcome.stage if turn.stage not in (None, outcome.stage) else None
    astray = bool(wrong or missed) or turn.stage not in (None, outcome.stage)
    return [Mistake(name, number, turn.text, missed, wrong, stage)] if astray else []


def _is_relevant(suggested: Suggested, turn: Turn) -> bool:
    if suggested.trigger is None:
        return suggested.over_threshold
    return suggested.trigger in turn.triggers | turn.optional


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _row(name: str, score: Score) -> str:
    return (
        f"{name:26}{score.precision:9.3f}{score.recall:8.3f}{score.stage_accuracy:7.3f}"
        f"{score.relevance:11.3f}{score.false_alarms_per_10_minutes:21.2f}"
    )
