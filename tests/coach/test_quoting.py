"""What the user's own documents say to what is asked on the call: quoted where it fits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from voicestand.coach.advisor import Advisor
from voicestand.coach.coach import Coach
from voicestand.coach.deck import Card, Shown
from voicestand.coach.generation.context import Context
from voicestand.coach.playbook import find
from voicestand.coach.quoting import passages_for, quote
from voicestand.config import KnowledgeSettings
from voicestand.events import TranscriptFinal
from voicestand.knowledge import Knowledge, adding
from voicestand.knowledge.schema import knowledge_path
from voicestand.session.documents import FAILED_CODE, Documents

HANDBOOK = """\
# Handbook

## Delivery

Parcels to Norway take 5 days. Customs papers are made by us.

## Hosting

All customer data is stored in Frankfurt. Backups are encrypted and kept for 30 days.
"""

PLAYBOOK = """\
[playbook]
name = "mine"
[[trigger]]
id = "security"
phrases = ["is it safe"]
suggestion = "Security: say where the data is."
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    document = tmp_path / "handbook.md"
    document.write_text(HANDBOOK)
    store = tmp_path / "store"
    store.mkdir(mode=0o700)
    assert not adding.add([document], store).refused
    return store


@pytest.fixture
def knowledge(folder: Path) -> Iterator[Knowledge]:
    with Knowledge.open(folder) as knowledge:
        yield knowledge


def final(text: str, channel: str = "other", number: int = 1) -> TranscriptFinal:
    return TranscriptFinal(
        session="s",
        t=10.0 * number,
        channel=channel,
        utterance=f"{channel}-{number}",
        text=text,
        start=10.0 * number - 3,
        end=10.0 * number,
        engine="e",
        latency_ms=1.0,
        engine_ms=1.0,
        recognizer_ms=1.0,
    )


@pytest.mark.parametrize(
    ("said", "quoted"),
    [
        ("how long does a parcel to norway take", "Parcels to Norway take 5 days."),
        ("so where is the customer data stored", "All customer data is stored in Frankfurt."),
        ("we store customer data in a cellar", None),  # nobody asks
        ("how are the kids and what about norway", None),  # a word alone is a coincidence
        ("what is it", None),
        ("", None),
    ],
)
def test_a_question_is_answered_by_the_sentence_that_does(
    said: str, quoted: str | None, knowledge: Knowledge
) -> None:
    found = quote(said, passages_for(said, knowledge.search))
    assert (found.text if found else None) == quoted
    if found is not None:
        assert found.source.startswith("handbook.md, Handbook › ")


def cards(advisor: Advisor, said: TranscriptFinal) -> list[Card]:
    return [change.card for change in advisor.on_final(said) if isinstance(change, Shown)]


def test_a_quotation_stands_alone_or_goes_with_the_playbook_and_models_are_told(
    knowledge: Knowledge, tmp_path: Path
) -> None:
    asked: list[Context] = []
    playbook = tmp_path / "mine.toml"
    playbook.write_text(PLAYBOOK)
    coach = Coach(find(str(playbook)), ["self", "other"])
    advisor = Advisor(coach, ask=lambda _, context: asked.append(context), search=knowledge.search)
    (alone,) = cards(advisor, final("how long does a parcel to norway take"))
    assert (alone.kind, alone.text) == ("knowledge", "Parcels to Norway take 5 days.")
    assert alone.sources == ("knowledge:handbook.md, Handbook › Delivery, line 5",)
    (both,) = cards(advisor, final("where is our customer data stored and is it safe", number=2))
    assert both.kind == "playbook"
    assert both.sources[0] == "playbook:mine/security"
    assert both.sources[1].startswith("knowledge:handbook.md")
    assert both.battlecard is not None
    assert both.battlecard.lines[0] == "All customer data is stored in Frankfurt."
    assert [passage.source for passage in asked[0].passages] == [
        "handbook.md, Handbook › Delivery, line 5"
    ]
    assert not cards(advisor, final("how long does a parcel to norway take", "self", 3))


def test_documents_that_cannot_be_read_are_told_of_once(folder: Path) -> None:
    knowledge_path(folder).write_bytes(b"no database" * 1000)
    told: list[str] = []
    documents = Documents(
        KnowledgeSettings(folder=str(folder)), lambda _, code, message: told.append(code)
    )
    for _ in range(3):
        assert documents.search("how long does a parcel take", 3) == []
    documents.close()
    assert told == [FAILED_CODE]
