"""PDF, by pypdf: the text of each page. A scan has none."""

from __future__ import annotations

from io import BytesIO

from voicestand.errors import InputError
from voicestand.knowledge.documents.block import Block
from voicestand.knowledge.documents.plain import paragraphs

_MOST_PAGES = 5000


def read(data: bytes) -> list[Block]:
    """The paragraphs of each page. Raises ``InputError`` for what cannot be read."""
    from pypdf import PasswordType, PdfReader
    from pypdf.errors import PyPdfError

    try:
        pdf = PdfReader(BytesIO(data))
        if pdf.is_encrypted and pdf.decrypt("") is PasswordType.NOT_DECRYPTED:
            raise InputError("is encrypted: save it without a password")
        if len(pdf.pages) > _MOST_PAGES:
            raise InputError(f"has more than {_MOST_PAGES} pages: split it")
        blocks = [
            Block(" ".join(text.split()), page=number)
            for number, page in enumerate(pdf.pages, 1)
            for text, _ in paragraphs(page.extract_text())
        ]
    except InputError:
        raise
    except (PyPdfError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as e:
        # pypdf lets through what its parts raise on damaged files.
        raise InputError(f"is no PDF that can be read ({type(e).__name__})") from None
    if not blocks:
        raise InputError("holds no text: a scan needs text recognition first")
    return blocks
