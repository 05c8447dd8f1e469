"""A vocabulary as hotwords of sherpa-onnx: the package itself, with a small transducer."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.speech import stand_in_transducer, stand_in_zipformer
from tests.speech.hearing import spoken
from tests.speech.stand_in_zipformer import save

from voicestand.speech.protocol import Transcript
from voicestand.speech.sherpa import SherpaOnnx, as_written
from voicestand.speech.sherpa_hotwords import SCORE, hotwords
from voicestand.speech.sherpa_model import sherpa_model
from voicestand.speech.vocabulary import Term

TEXT = "thank you for calling how can i help you today"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stand_in_transducer.make(tmp_path_factory.mktemp("models") / "stand-in")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return stand_in_transducer.make(tmp_path / "copy")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def hear(engine: SherpaOnnx) -> Transcript:
    engine.start()
    engine.feed(spoken(TEXT))
    return engine.finish()


def test_a_term_is_heard_more_often_and_written_as_it_is_to_be_written(folder: Path) -> None:
    alone, told = hear(SherpaOnnx(folder)), hear(SherpaOnnx(folder, [Term("Za")]))
    assert alone.text.lower().count(" za") < told.text.lower().count(" za")
    assert "Za" in told.text.split()
    assert "za" not in told.text.split()
    assert [word.text for word in told.words] == told.text.split()


def test_a_likelier_term_weighs_more(folder: Path) -> None:
    heard = [hear(SherpaOnnx(folder, [Term("Za", boost=boost)])).text for boost in (0.01, 1.0)]
    less, more = (text.count("Za") for text in heard)
    assert less < more


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(cuts=st.lists(st.integers(0, 50_000), max_size=8))
def test_the_cut_of_the_audio_does_not_matter_to_a_biased_network(
    biased: SherpaOnnx, cuts: list[int]
) -> None:
    audio = spoken(TEXT)
    edges = sorted({0, len(audio), *(cut for cut in cuts if cut < len(audio))})
    biased.start()
    for start, end in pairwise(edges):
        biased.feed(audio[start:end])
        biased.partial()
    assert biased.finish() == hear(biased)


@pytest.fixture(scope="module")
def biased(folder: Path) -> SherpaOnnx:
    return SherpaOnnx(folder, [Term("Za"), Term("Zalando")])


def test_the_library_gets_pieces_terms_and_scores_and_nothing_is_left_behind(folder: Path) -> None:
    terms = [Term("Zalando"), Term("C#", boost=2.0), Term("Kuber Ten", boost=0.5)]
    before = open_files()
    with hotwords(sherpa_model(folder), terms) as told:
        pieces = Path(told.pop("bpe_vocab")).read_text(encoding="utf-8").splitlines()
        lines = Path(told.pop("hotwords_file")).read_text(encoding="utf-8").splitlines()
    assert told == {
        "decoding_method": "modified_beam_search",
        "modeling_unit": "bpe",
        "hotwords_score": SCORE,
    }
    assert [line.split("\t")[0] for line in pieces] == stand_in_transducer.PIECES
    assert pieces[1] == "▁ZA\t-1.0"
    assert lines == ["ZALANDO :1.50", "KUBER TEN :0.81"]
    assert open_files() == before


def test_a_table_of_pieces_is_taken_before_the_model_of_sentencepiece(copy: Path) -> None:
    (copy / "bpe.vocab").write_text("▁ 0\nZ -1\nA -2\n", encoding="utf-8")
    with hotwords(sherpa_model(copy), [Term("za"), Term("Lan")]) as told:
        assert Path(told["bpe_vocab"]).read_text(encoding="utf-8") == "▁\t0.0\nZ\t-1.0\nA\t-2.0\n"
        assert Path(told["hotwords_file"]).read_text(encoding="utf-8") == "ZA :1.50\n"


def test_terms_that_the_network_cannot_spell_are_named(folder: Path) -> None:
    assert SherpaOnnx.unused(folder, [Term("Zalando")]) is None
    said = SherpaOnnx.unused(folder, [Term("Zalando"), Term("C#"), Term("Müller"), Term(":z")])
    assert said is not None
    assert "3 of 4 terms" in said
    assert "(C#, Müller, :z)" in said


def without_pieces(folder: Path) -> None:
    (folder / "bpe.model").unlink()


def of_another_kind(folder: Path) -> None:
    save(folder / "decoder.int8.onnx", stand_in_transducer.decoder(), {"vocab_size": "22"})


def damaged(folder: Path) -> None:
    (folder / "bpe.model").write_bytes(b"\x0a\xff" + bytes(9))


def foreign(folder: Path) -> None:
    (folder / "bpe.vocab").write_text("no table of pieces", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (without_pieces, "neither bpe.vocab nor bpe.model"),
        (of_another_kind, "is not of icefall's kind"),
        (damaged, "bpe.model is no vocabulary"),
        (foreign, "bpe.vocab is no vocabulary"),
    ],
)
def test_a_folder_that_takes_none_says_why_and_goes_on_without(
    copy: Path, change: Callable[[Path], None], why: str
) -> None:
    change(copy)
    said = SherpaOnnx.unused(copy, [Term("Zalando")])
    assert said is not None
    assert said.startswith("the vocabulary is not used: ")
    assert why in said
    assert "\n" not in said
    with hotwords(sherpa_model(copy), [Term("Zalando")]) as told:
        assert told == {}


def test_a_network_that_is_no_transducer_says_so_and_hears_as_before(tmp_path: Path) -> None:
    folder = stand_in_zipformer.make(tmp_path / "ctc")
    said = SherpaOnnx.unused(folder, [Term("Zalando")])
    assert said is not None
    assert "is no transducer" in said
    assert hear(SherpaOnnx(folder, [Term("Zalando")])) == hear(SherpaOnnx(folder))


def test_words_that_are_not_those_of_the_text_are_left_out() -> None:
    assert as_written([], "Zalando") == []
