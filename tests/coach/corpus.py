"""The labelled conversations of ``corpus/``: what the coach is judged by. Format: its README."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from tests.coach.mishearing import misheard
from tests.coach.spoken_finals import final

from voicestand.events import TranscriptFinal

Kind = Literal["call", "small-talk"]
Half = Literal["tuning", "test"]

FOLDER = Path(__file__).with_name("corpus")
CHANNELS = ("self", "other")
WORDS_PER_SECOND = 2.7
PAUSE = 0.4
"""Seconds between two turns."""
SALT = "53909"
"""Of the hash that splits: chosen once, from the names, so that the halves hold equally many
conversations of each playbook, and half of them are heard with errors."""

STAGES: Mapping[str, tuple[str, ...]] = {
    "sales-call": (
        "opening",
        "discovery",
        "presentation",
        "objection",
        "negotiation",
        "closing",
    ),
    "customer-support": ("opening", "diagnosis", "resolution", "escalation", "closing"),
    "job-interview-candidate": ("opening", "background", "competence", "questions", "closing"),
    "job-interview-interviewer": ("opening", "background", "competence", "questions", "closing"),
    "presentation-practice": ("opening", "body", "questions", "closing"),
}

TRIGGERS: Mapping[str, Mapping[str, frozenset[str]]] = {
    playbook: {channel: frozenset(ids.split()) for channel, ids in channels.items()}
    for playbook, channels in {
        "sales-call": {
            "self": "closing-question negative-talk overpromise",
            "other": "price-objection competitor not-now authority security integration "
            "price-question pain buying-signal next-step discount-request contract-terms trust "
            "effort feature-question",
        },
        "customer-support": {
            "self": "empathy unhelpful-phrase confirm-resolution",
            "other": "anger cancel-threat refund-request repeat-contact outage how-to "
            "billing-problem delivery-problem account-access manager-request thanks",
        },
        "job-interview-candidate": {
            "self": "hedging negative-employer",
            "other": "tell-about-yourself weakness-question strength-question why-this-job "
            "why-leaving salary-question behavioural-question failure-question "
            "technical-question your-questions next-steps-said",
        },
        "job-interview-interviewer": {
            "self": "illegal-question leading-question",
            "other": "vague-answer we-not-i number-result candidate-question notice-period "
            "other-offer salary-wish red-flag-conflict",
        },
        "presentation-practice": {
            "self": "apology filler-opening reading-slide vague-quantity strong-opening signpost "
            "call-to-action time-warning thanks-only-end",
            "other": "audience-question audience-lost time-warning",
        },
    }.items()
}
"""By playbook and channel: what a turn may be labelled with."""


class CorpusError(ValueError):
    """A file of the corpus does not hold what its format says; names file and line."""


@dataclass(frozen=True)
class Turn:
    """What one speaker says at a stretch."""

    channel: str
    stage: str | None
    """None in small talk, which has no stages."""
    triggers: frozenset[str]
    """What a careful human would want fired."""
    optional: frozenset[str]
    """What is neither right nor wrong to fire."""
    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Conversation:
    """One file. ``name`` is its stem, from which follow its half and its rate of errors."""

    name: str
    playbook: str
    trade: str
    kind: Kind
    turns: tuple[Turn, ...]

    @property
    def half(self) -> Half:
        return "test" if _digest(self.name)[0] & 1 else "tuning"

    @property
    def error_rate(self) -> float:
        """Of recognition, when evaluated: 0 for half of the names, 0.10 to 0.30 for the others."""
        digest = _digest(self.name)
        return 0.1 + 0.2 * digest[2] / 255 if digest[1] & 1 else 0.0

    @property
    def speech_seconds(self) -> float:
        return sum(turn.end - turn.start for turn in self.turns)

    def finals(self) -> Iterator[TranscriptFinal]:
        """The turns as the events that the coach is given, in order."""
        for number, turn in enumerate(self.turns, 1):
            yield final(turn.channel, turn.start, turn.end, turn.text, f"u{number}")


@cache
def load_corpus(folder: Path = FOLDER) -> tuple[Conversation, ...]:
    """Every conversation as it was written, by name. Raises ``CorpusError``."""
    files = sorted(folder.glob("*.tsv"))
    return tuple(load(file) for file in files if not file.name.endswith(".heard.tsv"))


def load_heard(folder: Path = FOLDER) -> tuple[Conversation, ...]:
    """Those that were really spoken, with the words that a recognizer heard."""
    return tuple(load(file) for file in sorted(folder.glob("*.heard.tsv")))


def as_evaluated(conversations: Sequence[Conversation]) -> list[Conversation]:
    """The conversations with the errors that their names ask for."""
    return [
        with_errors(conversation, conversation.error_rate, seed=0)
        if conversation.error_rate
        else conversation
        for conversation in conversations
    ]


def load(path: Path) -> Conversation:
    """One conversation. Raises ``CorpusError``."""
    return parse(path.name.split(".")[0], path.read_text(encoding="utf-8"))


def parse(name: str, text: str) -> Conversation:
    """The conversation that ``text`` holds. Raises ``CorpusError``."""
    header, *lines = text.splitlines()
    playbook, trade, kind = _header(name, header)
    turns: list[Turn] = []
    now = 0.0
    for number, line in enumerate(lines, 2):
        try:
            turn = _turn(line, playbook, kind, now)
        except ValueError as error:
            raise CorpusError(f"{name}, line {number}: {error}") from error
        turns.append(turn)
        now = turn.end + PAUSE
    if not turns:
        raise CorpusError(f"{name}: no turns")
    return Conversation(name, playbook, trade, kind, tuple(turns))


def with_errors(conversation: Conversation, rate: float, seed: int) -> Conversation:
    """The conversation as a recognizer hears it with a word error rate of about ``rate``.

    The same arguments give the same words. Times stay: they are of the audio.
    """
    rng = random.Random(f"{conversation.name}/{rate}/{seed}")
    heard = misheard([turn.text.split() for turn in conversation.turns], rate, rng)
    turns = tuple(
        dataclasses.replace(turn, text=" ".join(words))
        for turn, words in zip(conversation.turns, heard, strict=True)
    )
    return dataclasses.replace(conversation, turns=turns)


def _digest(name: str) -> bytes:
    return hashlib.sha256(f"{SALT}/{name}".encode()).digest()


def _header(name: str, line: str) -> tuple[str, str, Kind]:
    try:
        fields = dict(field.split("=", 1) for field in line.removeprefix("# ").split())
        playbook, trade, kind = fields["playbook"], fields["trade"], fields["kind"]
    except (ValueError, KeyError) as error:
        raise CorpusError(f"{name}, line 1: {line!r} is no header") from error
    if playbook not in STAGES:
        raise CorpusError(f"{name}, line 1: unknown playbook {playbook}")
    for known in get_args(Kind):
        if kind == known:
            return playbook, trade, known
    raise CorpusError(f"{name}, line 1: unknown kind {kind}")


def _turn(line: str, playbook: str, kind: Kind, start: float) -> Turn:
    channel, stage, labels, text = line.split("\t")
    if channel not in CHANNELS:
        raise ValueError(f"unknown channel {channel}")
    if kind == "small-talk" and (stage, labels) != ("-", "-"):
        raise ValueError("small talk has neither stage nor triggers")
    if kind == "call" and stage not in STAGES[playbook]:
        raise ValueError(f"unknown stage {stage}")
    if not text or text != " ".join(text.split()):
        raise ValueError(f"not single words with single spaces: {text!r}")
    ids = [] if labels == "-" else labels.split(",")
    optional = frozenset(label[1:-1] for label in ids if label.startswith("("))
    triggers = frozenset(label for label in ids if not label.startswith("("))
    unknown = (triggers | optional) - TRIGGERS[playbook][channel]
    if unknown or len(triggers) + len(optional) != len(ids) or triggers & optional:
        raise ValueError(f"no labels for {channel}: {labels}")
    end = start + len(text.split()) / WORDS_PER_SECOND
    return Turn(channel, None if stage == "-" else stage, triggers, optional, text, start, end)
