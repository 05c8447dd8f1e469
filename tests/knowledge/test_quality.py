"""What is found for 207 questions that were asked in other words than the handbook's."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.knowledge.labelled import HANDBOOK, ndcg, questions, rank, recall, synonyms

from voicestand.knowledge import Knowledge, adding
from voicestand.knowledge.lexical import Synonyms


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("handbook")
    adding.add([HANDBOOK], store)
    return store


def test_every_question_is_about_a_section_that_is_there() -> None:
    sections = {
        (file.name, line.removeprefix("## "))
        for file in HANDBOOK.iterdir()
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("## ")
    }
    asked = questions()
    assert len(asked) >= 200
    assert {(one.document, one.heading) for one in asked} == sections


@pytest.mark.parametrize(
    ("given", "least_recall", "least_ndcg"),
    [({}, 0.43, 0.36), (synonyms(), 0.88, 0.76)],
    ids=["words alone", "with a playbook's synonyms"],
)
def test_the_answer_is_among_the_first_five(
    store: Path, given: Synonyms, least_recall: float, least_ndcg: float
) -> None:
    with Knowledge.open(store) as knowledge:
        ranks = [rank(one, knowledge.search(one.text, 10, given)) for one in questions()]
    assert recall(ranks, 5) >= least_recall
    assert ndcg(ranks, 10) >= least_ndcg
