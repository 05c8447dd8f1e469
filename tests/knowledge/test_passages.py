"""Documents are cut so that nothing is lost, each passage is short, and its place is right."""

from __future__ import annotations

from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from voicestand.knowledge.documents.block import Block
from voicestand.knowledge.passages import FEWEST, LONGEST_WORD, MOST, cut

SENTENCES = st.tuples(st.integers(1, 150), st.sampled_from([". ", "\n", ".\n", "?  "]))
PARAGRAPHS = st.lists(SENTENCES, min_size=1, max_size=5)
DOCUMENTS = st.lists(st.tuples(PARAGRAPHS, st.sampled_from([("A",), ("A", "B"), ()])), max_size=6)
Document = list[tuple[list[tuple[int, str]], tuple[str, ...]]]


def _blocks(document: Document) -> list[Block]:
    """Every word differs from all others."""
    blocks, line, numbers = [], 1, count()
    for sentences, headings in document:
        text = "".join(
            " ".join(f"w{next(numbers)}" for _ in range(words)) + end for words, end in sentences
        )
        blocks.append(Block(text, headings, line=line))
        line += text.count("\n") + 2
    return blocks


@given(DOCUMENTS)
@settings(max_examples=60)
def test_no_word_is_lost_and_none_is_in_two(document: Document) -> None:
    blocks = _blocks(document)
    words = [word for block in blocks for word in block.text.split()]
    assert [word for one in cut(blocks) for word in one.text.split()] == words


@given(DOCUMENTS)
@settings(max_examples=60)
def test_a_passage_has_80_to_200_words_unless_its_section_ends(
    document: Document,
) -> None:
    found = list(cut(_blocks(document)))
    for number, one in enumerate(found):
        words = len(one.text.split())
        assert 0 < words <= MOST
        goes_on = number + 1 < len(found) and found[number + 1].headings == one.headings
        assert words >= FEWEST or not goes_on


@given(DOCUMENTS)
@settings(max_examples=60)
def test_a_passage_begins_in_its_line_under_its_headings(
    document: Document,
) -> None:
    blocks = _blocks(document)
    lines: dict[int, tuple[list[str], tuple[str, ...]]] = {}
    for block in blocks:
        assert block.line is not None
        for offset, text in enumerate(block.text.split("\n")):
            lines[block.line + offset] = (text.split(), block.headings)
    for one in cut(blocks):
        assert one.line is not None
        words, headings = lines[one.line]
        assert one.text.split()[0] in words
        assert one.headings == headings


def test_a_long_paragraph_is_cut_where_sentences_end() -> None:
    sentence = "Every order above fifty pieces is shipped within two working days. "
    found = list(cut([Block(sentence * 40, line=1)]))
    assert len(found) > 1
    assert all(one.text.endswith("days.") for one in found)


def test_text_without_spaces_is_cut_all_the_same() -> None:
    found = list(cut([Block("x" * 100_000)]))
    assert "".join("".join(one.text.split()) for one in found) == "x" * 100_000
    assert all(len(one.text) <= MOST * (LONGEST_WORD + 1) for one in found)


def test_short_sections_stay_apart() -> None:
    blocks = [Block("One.", ("A",)), Block("Two.", ("B",)), Block("Three.", ("B",))]
    assert [one.text for one in cut(blocks)] == ["One.", "Two.\nThree."]
