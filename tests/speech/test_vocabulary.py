"""A vocabulary: what its file may hold, and that its words are heard."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.program import Program, error_lines
from tests.speech.hearing import spoken

from voicestand.config import Settings, SpeechSettings
from voicestand.errors import InputError
from voicestand.session.notices import VOCABULARY_CODE, notices
from voicestand.speech import letter_to_sound, vocabulary
from voicestand.speech.pocketsphinx import PocketSphinx
from voicestand.speech.prompt import LONGEST, prompt, unprompted
from voicestand.speech.registry import chosen
from voicestand.speech.vocabulary import Term
from voicestand.speech.worker import load

FILE = """\
# Products
Anthropic  # a company
Anna  Przybylski | ae n ah p r ih z b ih l s k iy
Zalando | | 3
C# | S IY SH AA R P

Anthropic | AE N
"""


def test_a_file_holds_a_term_a_line_with_sounds_and_boost(tmp_path: Path) -> None:
    path = tmp_path / "terms"
    path.write_text(f"\ufeff{FILE}")
    assert vocabulary.read(path) == [
        Term("Anthropic"),
        Term("Anna Przybylski", "AE N AH P R IH Z B IH L S K IY"),
        Term("Zalando", "", 3.0),
        Term("C#", "S IY SH AA R P"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x | K | 1 | 2", "more than"),
        ("| K", "1 to 80"),
        ("x" * 81, "1 to 80"),
        ("x | KX", "'KX' is no phone"),
        ("x | K | much", "'much' is no number"),
        ("x | K | nan", "'nan' is no number"),
        ("x | K | 1000", "'1000' is no number from 0.01 to 100"),
        ("x\x1b[2J", "1 to 80"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "terms"
    path.write_text(f"fine\n{line}\n")
    with pytest.raises(InputError, match=f"line 2: .*{reason}"):
        vocabulary.read(path)


@given(st.text(max_size=60))
def test_any_line_is_a_term_or_an_error(line: str) -> None:
    try:
        term = vocabulary.parse(line)
    except ValueError:
        return
    assert 0 < len(term.text) <= vocabulary.LONGEST
    assert set(term.phones.split()) <= vocabulary.PHONES


@given(st.text(max_size=30))
def test_any_word_can_be_spoken_with_phones_that_there_are(word: str) -> None:
    assert set(letter_to_sound.phones(word).split()) <= vocabulary.PHONES


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"x | ??"])
def test_a_bad_file_is_told_in_one_line(
    program: Program, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "terms"
    if content is not None:
        path.write_bytes(content)
    env = {"VOICESTAND_SPEECH__VOCABULARY": str(path)}
    done = program("run", "--demo", env=env)
    (line,) = error_lines(done.stderr)
    assert (done.returncode, done.stdout) == (2, "")
    assert "speech.vocabulary: " in line
    assert str(path) in line


def test_pocketsphinx_hears_terms_that_are_in_no_dictionary(tmp_path: Path) -> None:
    path = tmp_path / "terms"
    path.write_text("Anthropic\nZalando\nMonday Letter\n")
    settings = SpeechSettings(engine="pocketsphinx", vocabulary=str(path))
    engine = load(chosen(settings).path)
    assert isinstance(engine, PocketSphinx)
    engine.start()
    engine.feed(spoken("please send the invoice to anthropic before friday"))
    transcript = engine.finish()
    assert "Anthropic" in transcript.text.split()
    assert " ".join(word.text for word in transcript.words) == transcript.text


def test_a_prompt_holds_the_likeliest_terms_and_the_rest_is_counted() -> None:
    many = [Term(f"name {number}", boost=float(number % 7 + 1)) for number in range(500)]
    text = prompt(many)
    assert len(text) <= LONGEST
    assert text.startswith("name 6, name 13, ")
    rest = unprompted(many)
    assert rest is not None
    assert f"{500 - text.count('name')} of 500 terms" in rest
    assert unprompted(many[:9]) is None
    assert prompt([]) == ""


def test_terms_are_written_as_they_are_to_be_written_as_whole_words() -> None:
    written = vocabulary.writer([Term("C#"), Term("Anna"), Term("Anna Maria"), Term("SAP")])
    heard = "anna and anna maria use c# and sap not saps or joanna"
    assert written(heard) == "Anna and Anna Maria use C# and SAP not saps or joanna"
    assert vocabulary.writer([])("as it is") == "as it is"


def test_terms_without_a_letter_are_named_to_whom_pocketsphinx_hears() -> None:
    terms = [Term("Zalando"), Term("4711"), Term("24", "T W EH N T IY F AO R")]
    said = PocketSphinx.unused(None, terms)
    assert said is not None
    assert "1 of 3 terms" in said
    assert "(4711)" in said
    assert PocketSphinx.unused(None, terms[::2]) is None


def test_what_a_recognizer_cannot_use_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "terms"
    path.write_text("4711\nZalando\n")
    speech = SpeechSettings(engine="pocketsphinx", vocabulary=str(path))
    settings = Settings(speech=speech)
    told = [notice for notice in notices(settings) if notice[1] == VOCABULARY_CODE]
    message = "1 of 2 terms of the vocabulary are not used (4711): say behind | how they are spoken"
    assert told == [("warning", VOCABULARY_CODE, f"pocketsphinx: {message}")]
    path.write_text("Zalando\n")
    assert VOCABULARY_CODE not in [code for _, code, _ in notices(settings)]
