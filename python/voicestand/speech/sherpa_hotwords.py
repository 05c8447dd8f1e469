"""A vocabulary as hotwords of sherpa-onnx, for the networks that can take them.

The library biases transducers of icefall with ``modified_beam_search``. It cuts the hotwords into
the network's tokens as SentencePiece does, for which it wants the pieces with their scores: the
file ``bpe.vocab``, or what can be read from ``bpe.model``. NeMo's transducers come with neither,
and that search has been reported to lose whole utterances of theirs.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from voicestand.speech import vocabulary
from voicestand.speech.protobuf import fields, message
from voicestand.speech.sherpa_model import SherpaModel, metadata
from voicestand.speech.vocabulary import Term, left_out

SCORE = 1.5
"""Added to the logarithmic probability of each token of a term: the library's own default."""

LEAST_SCORE = 0.1

_PIECES, _PIECE, _SCORE = 1, 1, 2
"""Fields of SentencePiece's ModelProto, and of a piece."""

_SPACE = "▁"
"""How SentencePiece writes a blank."""

Pieces = dict[str, float]


class _NoPiecesError(ValueError):
    """Says why the network can be told nothing."""


def unused(model: SherpaModel, terms: Sequence[Term]) -> str | None:
    """In a line, what of ``terms`` cannot be told to the network, and why; None: all can."""
    try:
        pieces = _pieces(model)
    except _NoPiecesError as error:
        return vocabulary.unused(str(error))
    mute = [term for term in terms if _spelt(term, pieces) is None]
    return left_out(mute, terms, "the network has no letters for them")


@contextmanager
def hotwords(model: SherpaModel, terms: Sequence[Term]) -> Iterator[dict[str, Any]]:
    """Arguments, besides its files, that a recognizer must be made with within the context.

    None where the network can be told nothing.
    """
    try:
        pieces = _pieces(model) if terms else {}
    except _NoPiecesError:
        pieces = {}
    lines = [f"{spelt} :{_score(term):.2f}" for term in terms if (spelt := _spelt(term, pieces))]
    if not lines:
        yield {}
        return
    with ExitStack() as files:
        yield {
            "decoding_method": "modified_beam_search",
            "modeling_unit": "bpe",
            "bpe_vocab": files.enter_context(_file(f"{p}\t{s}" for p, s in pieces.items())),
            "hotwords_file": files.enter_context(_file(iter(lines))),
            "hotwords_score": SCORE,
        }


def _score(term: Term) -> float:
    return max(LEAST_SCORE, SCORE + math.log(term.boost))


def _spelt(term: Term, pieces: Pieces) -> str | None:
    """The term in letters that the network has; None where it lacks one of them."""
    for text in (term.text, term.text.upper(), term.text.lower()):
        # NB: a word that begins with a colon would be taken for a score.
        if all(word[0] != ":" and all(map(pieces.__contains__, word)) for word in text.split()):
            return text
    return None


def _pieces(model: SherpaModel) -> Pieces:
    """The network's pieces with their scores; raises ``_NoPiecesError``."""
    folder = Path(model.files["tokens"]).parent
    if model.method != "from_transducer":
        raise _NoPiecesError(f"the model in {folder} is no transducer")
    if "context_size" not in metadata(Path(model.files["decoder"])):
        raise _NoPiecesError(f"the transducer in {folder} is not of icefall's kind")
    for name, read in (("bpe.vocab", _of_table), ("bpe.model", _of_sentencepiece)):
        if not (path := folder / name).is_file():
            continue
        try:
            pieces = read(path)
        except (OSError, ValueError, EOFError, struct.error):
            pieces = {}
        if _SPACE not in pieces:
            raise _NoPiecesError(f"{path} is no vocabulary of SentencePiece")
        return pieces
    raise _NoPiecesError(f"{folder} has neither bpe.vocab nor bpe.model")


def _of_table(path: Path) -> Pieces:
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    return {line[0]: float(line[1]) for line in lines if len(line) == 2}


def _of_sentencepiece(path: Path) -> Pieces:
    pieces = {}
    with path.open("rb") as file:
        for _, content in fields(file, {_PIECES}):
            found = message(content, {_PIECE, _SCORE})
            piece = found.get(_PIECE, b"").decode()
            (score,) = struct.unpack("<f", found.get(_SCORE, bytes(4)))
            if piece and not set(piece) & set(" \t\r\n\v\f"):  # the table has a piece a line
                pieces[piece] = score
    return pieces


@contextmanager
def _file(lines: Iterator[str]) -> Iterator[str]:
    """The path of a file of ``lines`` that is on no disk: no customer's name is left behind."""
    with os.fdopen(os.memfd_create("hotwords", os.MFD_CLOEXEC), "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        yield f"/proc/self/fd/{file.fileno()}"
