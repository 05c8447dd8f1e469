"""Every format gives text, headings and places, or says in one line why it cannot."""

from __future__ import annotations

import pytest
from tests.knowledge.made_documents import W, docx, docx_paragraph, encrypted_pdf, pdf

from voicestand.errors import InputError
from voicestand.knowledge.documents import Format, read
from voicestand.knowledge.documents.block import Block


def told(blocks: list[Block]) -> list[tuple[str, tuple[str, ...]]]:
    return [(" ".join(block.text.split()), block.headings) for block in blocks]


def test_markdown_gives_paragraphs_items_rows_and_code_under_their_headings() -> None:
    blocks = read(
        "markdown",
        b"---\ntitle: x\n---\n# Prices\n\nThe **basic** plan, see [here](http://x.y/z_z).\n"
        b"Costs `10`.\n\n- one\n- two\n  goes on\n\nDiscounts\n---------\n| who | how |\n"
        b"|---|:-:|\n| a \\| b | 5 % |\n\n> quoted\n\n```sh\n# no heading\n```\n<!-- hidden\n-->\n"
        b"## Bare ##\n",
    )
    prices, discounts = ("Prices",), ("Prices", "Discounts")
    assert told(blocks) == [
        ("The basic plan, see here. Costs 10.", prices),
        ("- one", prices),
        ("- two goes on", prices),
        ("who | how", discounts),
        ("a | b | 5 %", discounts),
        ("quoted", discounts),
        ("# no heading", discounts),
        ("Bare", ("Prices", "Bare")),
    ]
    assert [block.line for block in blocks] == [6, 9, 10, 15, 17, 19, 22, 26]


def test_text_gives_paragraphs_with_their_lines() -> None:
    blocks = read("plain", b"one\r\ntwo\r\n\r\n\r\nthree")
    assert [(block.text, block.line) for block in blocks] == [("one\ntwo", 1), ("three", 5)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_in_other_encodings_is_understood(encoding: str) -> None:
    assert read("plain", "Müller’s café".encode(encoding))[0].text == "Müller’s café"


def test_html_gives_what_is_seen_under_its_headings() -> None:
    blocks = read(
        "html",
        b"<!doctype html><title>Shop</title><style>p{}</style><script>var a='<p>no</p>'</script>"
        b"<nav>Home</nav>\n<h1>Retu<b>rns</b></h1>\n<p>Within <i>30</i> days &amp; free.</p>"
        b"<ul><li>one<li>two</ul><table><tr><td>a</td><td>b</td></tr></table><h2>Late</h2>no",
    )
    returns = ("Shop", "Returns")
    assert told(blocks) == [
        ("Within 30 days & free.", returns),
        ("one", returns),
        ("two", returns),
        ("a", returns),
        ("b", returns),
        ("no", (*returns, "Late")),
    ]
    assert blocks[0].line == 3


def test_pdf_gives_the_page() -> None:
    blocks = read("pdf", pdf("The first page.\nIt goes on.", "The second page."))
    assert [(block.text, block.page) for block in blocks] == [
        ("The first page. It goes on.", 1),
        ("The second page.", 2),
    ]


def test_docx_gives_headings_by_style_whatever_the_language_and_rows() -> None:
    cells = "".join(f"<w:tc>{docx_paragraph(text)}</w:tc>" for text in ("Basic", "10 euros"))
    deleted = "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>"
    body = (
        docx_paragraph("Plans", 1)
        + docx_paragraph("What they cost", 2)
        + docx_paragraph("Each month.")
        + f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>"
        + deleted
    )
    path = ("Plans", "What they cost")
    assert told(read("docx", docx(body))) == [("Each month.", path), ("Basic | 10 euros", path)]


BOMB = "<w:p><w:r><w:t>" + "a" * (65 << 20) + "</w:t></w:r></w:p>"
ENTITIES = f'<!DOCTYPE w [<!ENTITY a "aaaa">]><w:document {W}>&a;</w:document>'


@pytest.mark.parametrize(
    ("form", "data", "why"),
    [
        ("plain", b"\x7fELF\0\0\1\2" * 500, "binary data"),
        ("markdown", bytes(range(1, 32)) * 50, "binary data"),
        ("plain", b"\xff\xfe\0\xd8", "says utf-16 and is not"),
        ("pdf", b"%PDF-1.4\ngarbage", "no PDF that can be read"),
        ("pdf", pdf("cut off")[:200], "no PDF that can be read"),
        ("pdf", encrypted_pdf(), "is encrypted"),
        ("pdf", pdf(""), "holds no text"),
        ("docx", b"PK\x03\x04garbage", "no DOCX that can be read"),
        ("docx", docx("", document="<w:document>"), "its XML is damaged"),
        ("docx", docx("", document=ENTITIES), "declares a document type"),
        ("docx", docx(BOMB), "unpacks to more than 64 MB"),
        ("docx", docx("<w:sdt>" * 200 + "</w:sdt>" * 200), "nested too deeply"),
    ],
    ids=lambda value: str(value)[:24] if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_told_in_one_line(form: Format, data: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why) as caught:
        read(form, data)
    assert "\n" not in str(caught.value)
