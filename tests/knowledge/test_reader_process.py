"""A document that makes its parser hang, grow or die costs that document, and nothing else."""

from __future__ import annotations

import os
import signal
import zlib

import pytest
from tests.knowledge.made_documents import docx, docx_paragraph, pdf

from voicestand.errors import InputError
from voicestand.knowledge.documents.reader_process import ReaderProcess

GOOD = docx(docx_paragraph("still read"))


def test_one_process_reads_many_documents() -> None:
    with ReaderProcess() as reader:
        assert reader.read("pdf", pdf("one"))[0].text == "one"
        child = reader._child
        assert reader.read("docx", GOOD)[0].text == "still read"
        assert reader.read("html", b"<p>three")[0].text == "three"
        assert reader._child is child
    assert child is not None
    assert child.returncode is not None


def test_text_needs_no_process() -> None:
    with ReaderProcess() as reader:
        assert reader.read("markdown", b"# A\n\ntext")[0].text == "text"
        assert reader._child is None


def test_a_document_that_takes_too_long_is_refused_and_the_next_one_is_read() -> None:
    with ReaderProcess(seconds=1e-9) as reader:
        with pytest.raises(InputError, match="cannot be read within"):
            reader.read("docx", GOOD)
        reader._seconds = 60
        assert reader.read("docx", GOOD)[0].text == "still read"


def test_a_reader_that_dies_is_replaced() -> None:
    with ReaderProcess() as reader:
        reader.read("docx", GOOD)
        assert reader._child is not None
        os.kill(reader._child.pid, signal.SIGKILL)
        reader._child.wait()
        with pytest.raises(InputError, match="takes too much memory, or is damaged"):
            reader.read("docx", GOOD)
        assert reader.read("docx", GOOD)[0].text == "still read"


def test_a_pdf_that_unpacks_to_a_thousand_times_its_size_is_refused() -> None:
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(b" " * (16 << 20)) for _ in range(8)) + packer.flush()
    assert len(bomb) < 1 << 20
    with ReaderProcess() as reader:
        with pytest.raises(InputError) as caught:
            reader.read("pdf", pdf("bomb", stream=bomb))
        assert "\n" not in str(caught.value)
        assert reader.read("docx", GOOD)[0].text == "still read"


def test_html_that_is_nested_without_end_is_read() -> None:
    with ReaderProcess() as reader:
        assert reader.read("html", b"<div>" * 20_000 + b"deep")[0].text == "deep"
