"""The handbook of a company that does not exist, and questions about it, written for the tests.

A question is asked as on a call and in other words than the handbook's; its label is the section
that answers it.
"""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import NamedTuple

from voicestand.knowledge import Passage

HANDBOOK = Path(__file__).with_name("handbook")
QUESTIONS = Path(__file__).with_name("questions.md")
SYNONYMS = Path(__file__).with_name("synonyms.toml")


class Question(NamedTuple):
    """What is asked, and where the answer stands."""

    text: str
    document: str
    heading: str


def questions() -> list[Question]:
    """All of them."""
    found, document, heading = [], "", ""
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        mark, _, text = line.partition(" ")
        if mark == "#":
            document = text
        elif mark == "##":
            heading = text
        elif mark == "-":
            found.append(Question(text, document, heading))
    return found


def rank(question: Question, passages: list[Passage]) -> int | None:
    """The place, from 1, of the first passage of the section that answers."""
    for number, passage in enumerate(passages, 1):
        name, heading = Path(passage.source).name, passage.place.headings[-1]
        if (name, heading) == (question.document, question.heading):
            return number
    return None


def recall(ranks: list[int | None], within: int) -> float:
    """The share of questions whose answer is among the first ``within``."""
    return sum(rank is not None and rank <= within for rank in ranks) / len(ranks)


def ndcg(ranks: list[int | None], within: int) -> float:
    """Normalized discounted cumulative gain with one relevant section a question."""
    gains = (1 / math.log2(rank + 1) for rank in ranks if rank is not None and rank <= within)
    return sum(gains) / len(ranks)


def synonyms() -> dict[str, list[str]]:
    """Those of the playbook."""
    found: dict[str, list[str]] = tomllib.loads(SYNONYMS.read_text(encoding="utf-8"))
    return found
