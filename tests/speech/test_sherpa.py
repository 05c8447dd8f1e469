"""sherpa-onnx: the package itself, with a small network that knows no language."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from tests.program import Program, events_of, of_kind
from tests.speech import stand_in_zipformer
from tests.speech.hearing import Hearing, Pcm, spoken
from tests.spoken_calls import Recording

from voicestand.errors import ModelError
from voicestand.events import EngineAlert, SessionStarted, TranscriptFinal, TranscriptPartial
from voicestand.speech.protocol import Transcript
from voicestand.speech.registry import resolve
from voicestand.speech.sherpa import SherpaOnnx, readable, words_of
from voicestand.speech.sherpa_model import metadata, sherpa_model

TEXT = "thank you for calling how can i help you today"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stand_in_zipformer.make(tmp_path_factory.mktemp("models") / "stand-in")


@pytest.fixture(scope="module")
def engine(folder: Path) -> SherpaOnnx:
    return SherpaOnnx(folder)


def hear(engine: SherpaOnnx, samples: Pcm, block: int = 10**9) -> Transcript:
    engine.start()
    for at in range(0, len(samples), block):
        engine.feed(samples[at : at + block])
    return engine.finish()


def test_a_stand_in_network_gives_words_with_times_in_order(engine: SherpaOnnx) -> None:
    audio = spoken(TEXT)
    transcript = hear(engine, audio)
    assert len(transcript.words) > 5
    assert transcript.text == " ".join(word.text for word in transcript.words)
    times = [time for word in transcript.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= round(len(audio) / 16000, 2)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_cut_of_the_audio_does_not_matter_to_a_stand_in_network(
    engine: SherpaOnnx, data: st.DataObject
) -> None:
    audio = spoken(TEXT)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(audio)), max_size=12)))
    engine.start()
    for start, end in zip([0, *cuts], [*cuts, len(audio)], strict=True):
        engine.feed(audio[start:end])
        engine.partial()
    assert engine.finish() == hear(engine, audio)


def test_what_was_heard_before_does_not_matter_to_a_stand_in_network(
    folder: Path, engine: SherpaOnnx
) -> None:
    audio = spoken(TEXT)
    alone = hear(SherpaOnnx(folder), audio)
    engine.start()
    engine.feed(audio[::-1][:20_000])
    assert hear(engine, audio) == alone
    assert hear(engine, audio[8000:]).text != alone.text


@pytest.mark.parametrize("length", [0, 1, 1599, 1600, 5000])
def test_short_utterances_are_no_trouble(engine: SherpaOnnx, length: int) -> None:
    assert isinstance(hear(engine, spoken(TEXT)[:length]).text, str)
    assert isinstance(hear(engine, np.zeros(length, np.int16)).text, str)


def test_the_pipeline_says_what_the_bare_engine_says_even_if_it_is_killed(
    folder: Path, engine: SherpaOnnx
) -> None:
    audio = spoken(TEXT)
    bare = hear(engine, audio)
    with Hearing(resolve("sherpa-onnx", str(folder)).path) as hearing:
        hearing.say("whole", audio, block=160)
        hearing.drain()
        hearing.say_while_killed("killed", audio, 30_000)
        assert hearing.texts == {"whole": bare.text, "killed": bare.text}
        assert {final.engine for final in hearing.finals} == {"sherpa-onnx"}


def test_the_setting_speech_model_has_the_program_use_it(
    program: Program, monologue: Recording, folder: Path, tmp_path: Path
) -> None:
    terms = tmp_path / "terms"
    terms.write_text("Zalando\n")
    done = program(
        *("run", "--input", monologue.path, "--pace", "max", "--events", "-"),
        env={"VOICESTAND_SPEECH__MODEL": str(folder), "VOICESTAND_SPEECH__VOCABULARY": str(terms)},
    )
    assert done.returncode == 0, done.stderr
    events = events_of(done.stdout)
    assert of_kind(events, SessionStarted)[0].engine == "sherpa-onnx"
    finals = of_kind(events, TranscriptFinal)
    assert {final.engine for final in finals} == {"sherpa-onnx"}
    assert all(final.text and final.words for final in finals)
    assert of_kind(events, TranscriptPartial)
    told = [alert.message for alert in of_kind(events, EngineAlert)]
    assert [message for message in told if "vocabulary" in message] == [
        f"sherpa-onnx: the vocabulary is not used: the model in {folder} is no transducer"
    ]


# Which kind of model a folder holds


def network(path: Path, **stated: str) -> None:
    """An ONNX file with this metadata, behind a graph that is longer than one read."""
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    weights = helper.make_tensor("w", TensorProto.FLOAT, [30_000], np.zeros(30_000))
    node = helper.make_node("Identity", ["x"], ["y"])
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    model = helper.make_model(helper.make_graph([node], "g", [value], [output], [weights]))
    for key, said in stated.items():
        model.metadata_props.add(key=key, value=said)
    path.parent.mkdir(exist_ok=True)
    onnx.save(model, path)


STREAMING = {"decode_chunk_len": "32", "T": "45"}
KINDS: dict[str, tuple[dict[str, dict[str, str]], bool, str]] = {
    "streaming zipformer": (
        {
            "encoder-epoch-99-avg-1.int8.onnx": {"model_type": "zipformer", **STREAMING},
            "decoder-epoch-99-avg-1.onnx": {},
            "joiner-epoch-99-avg-1.int8.onnx": {},
        },
        True,
        "from_transducer",
    ),
    "streaming NeMo transducer": (
        {"encoder.onnx": {"chunk_shift": "32"}, "decoder.onnx": {}, "joiner.onnx": {}},
        True,
        "from_transducer",
    ),
    "other transducer": (
        {"encoder.onnx": {"model_type": "zipformer2"}, "decoder.onnx": {}, "joiner.onnx": {}},
        False,
        "from_transducer",
    ),
    "streaming paraformer": (
        {"encoder.onnx": {"lfr_window_size": "7"}, "decoder.onnx": {}},
        True,
        "from_paraformer",
    ),
    "whisper": (
        {"tiny.en-encoder.onnx": {"model_type": "whisper-tiny.en"}, "tiny.en-decoder.onnx": {}},
        False,
        "from_whisper",
    ),
    "moonshine": (
        {
            name: {}
            for name in (
                "preprocess.onnx",
                "encode.int8.onnx",
                "uncached_decode.int8.onnx",
                "cached_decode.int8.onnx",
            )
        },
        False,
        "from_moonshine",
    ),
    "moonshine of the second kind": (
        {"encoder_model.ort": {}, "decoder_model_merged.ort": {}},
        False,
        "from_moonshine_v2",
    ),
    "streaming NeMo CTC": (
        {"model.onnx": {"model_type": "EncDecCTCModelBPE", "chunk_shift": "8"}},
        True,
        "from_nemo_ctc",
    ),
    "NeMo CTC": ({"model.onnx": {"model_type": "EncDecCTCModelBPE"}}, False, "from_nemo_ctc"),
    "sense voice": ({"model.onnx": {"model_type": "sense_voice_ctc"}}, False, "from_sense_voice"),
}


@pytest.mark.parametrize(("files", "streaming", "method"), KINDS.values(), ids=list(KINDS))
def test_the_kind_is_told_from_the_files(
    tmp_path: Path, files: dict[str, dict[str, str]], streaming: bool, method: str
) -> None:
    import sherpa_onnx

    for name, stated in files.items():
        network(tmp_path / name, **stated)
    (tmp_path / "tokens.txt").write_text("<blk> 0\n")
    found = sherpa_model(tmp_path)
    assert (found.streaming, found.method) == (streaming, method)
    assert len(found.files) == len(files) + 1
    assert all(Path(file).is_file() for file in found.files.values())
    kind = sherpa_onnx.OnlineRecognizer if streaming else sherpa_onnx.OfflineRecognizer
    code = getattr(kind, method).__func__.__code__
    assert set(found.files) <= set(code.co_varnames[: code.co_argcount])


def test_of_several_exports_the_small_one_with_the_longest_context_is_taken(
    tmp_path: Path,
) -> None:
    for part in ("encoder", "decoder", "joiner"):
        for context in (64, 128):
            for kind in (".int8", ""):
                name = f"{part}-epoch-99-avg-1-chunk-16-left-{context}{kind}.onnx"
                network(tmp_path / name, **STREAMING)
    (tmp_path / "tokens.txt").write_text("<blk> 0\n")
    encoder = Path(sherpa_model(tmp_path).files["encoder"]).name
    assert encoder == "encoder-epoch-99-avg-1-chunk-16-left-128.int8.onnx"


def test_a_folder_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    network(tmp_path / "model.onnx", model_type="something-new")
    (tmp_path / "tokens.txt").write_text("<blk> 0\n")
    with pytest.raises(ModelError, match="no sherpa-onnx model of a kind"):
        sherpa_model(tmp_path)


@given(at=st.integers(0, 200), byte=st.integers(0, 255), length=st.integers(0, 300))
def test_a_damaged_network_is_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: int, length: int
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "model.onnx"
    network(path, model_type="zipformer2")
    damaged = bytearray(path.read_bytes()[length:])
    damaged[at] = byte
    path.write_bytes(damaged)
    try:
        metadata(path)
    except ModelError as error:
        assert str(path) in str(error)  # noqa: PT017 -- some damage does not matter


def test_capital_letters_become_readable() -> None:
    assert readable(" HELLO  WORLD ") == "hello world"
    assert readable("Hello NASA") == "Hello NASA"


def test_words_are_spelled_from_tokens_of_either_kind() -> None:
    words = words_of([" HEL", "LO", "▁WORLD"], [0.1, 0.2, 9.0], length=5.0)
    assert [(word.text, word.start, word.end) for word in words] == [
        ("hello", 0.1, 0.24),
        ("world", 5.0, 5.0),
    ]
    assert words_of([" a"], [], length=1.0) == []
