"""Whisper: OpenVINO GenAI itself, with a small network that knows no language."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.program import wait_until
from tests.speech import stand_in_whisper
from tests.speech.hearing import Hearing, Pcm, spoken

from voicestand.speech.protocol import Transcript
from voicestand.speech.registry import resolve
from voicestand.speech.vocabulary import Term
from voicestand.speech.whisper import Whisper
from voicestand.speech.whole_utterance import FIRST, Samples, WholeUtterance

TEXT = "thank you for calling how can i help you today"
MORE = "we have been looking at your prices and they are higher than what we expected"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stand_in_whisper.make(tmp_path_factory.mktemp("models") / "stand-in")


@pytest.fixture(scope="module")
def engine(folder: Path) -> Whisper:
    return Whisper(folder)


def hear(engine: Whisper, samples: Pcm) -> Transcript:
    engine.start()
    engine.feed(samples)
    return engine.finish()


def test_a_stand_in_network_gives_the_words_of_its_audio(engine: Whisper) -> None:
    found = hear(engine, spoken(TEXT))
    assert len(found.text.split()) == stand_in_whisper.WORDS
    assert hear(engine, spoken(MORE)) != found


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_neither_cut_nor_partials_nor_what_was_before_matter_to_a_stand_in_network(
    engine: Whisper, data: st.DataObject
) -> None:
    audio = spoken(TEXT)
    expected = hear(engine, audio)
    engine.start()
    engine.feed(spoken(MORE)[: data.draw(st.integers(0, 40_000))])
    engine.partial()
    engine.start()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(audio)), max_size=8)))
    for start, end in zip([0, *cuts], [*cuts, len(audio)], strict=True):
        engine.feed(audio[start:end])
        engine.partial()
    assert engine.finish() == expected


@pytest.mark.parametrize("length", [0, 1, 1599])
def test_what_is_too_short_for_a_word_is_not_heard(engine: Whisper, length: int) -> None:
    assert hear(engine, np.ones(length, np.int16)).text == ""


def test_an_utterance_of_more_than_thirty_seconds_is_heard_to_its_end(engine: Whisper) -> None:
    audio = np.tile(spoken(MORE), 10)
    assert len(audio) > 31 * 16_000
    assert len(hear(engine, audio).text.split()) > stand_in_whisper.WORDS


def test_the_pipeline_says_what_the_bare_engine_says_even_if_it_is_killed(
    folder: Path, engine: Whisper
) -> None:
    audio = spoken(MORE)
    bare = hear(engine, audio)
    with Hearing(resolve("whisper", str(folder)).path) as hearing:
        hearing.say("whole", audio, block=160)
        hearing.drain()
        hearing.say_while_killed("killed", audio, 40_000)
        assert hearing.texts == {"whole": bare.text, "killed": bare.text}
        assert {final.engine for final in hearing.finals} == {"whisper"}


def test_a_network_for_many_languages_is_told_which(tmp_path: Path) -> None:
    folder = stand_in_whisper.make(tmp_path / "many")
    path = folder / "generation_config.json"
    configuration = json.loads(path.read_text()) | {
        "is_multilingual": True,
        "lang_to_id": {"<|en|>": stand_in_whisper.PREVIOUS},
        "task_to_id": {
            "transcribe": stand_in_whisper.TRANSCRIBE,
            "translate": stand_in_whisper.TRANSLATE,
        },
    }
    path.write_text(json.dumps(configuration))
    assert hear(Whisper(folder), spoken(TEXT)).text


def test_a_model_that_does_not_load_is_told_once_with_its_reason(tmp_path: Path) -> None:
    folder = stand_in_whisper.make(tmp_path / "damaged")
    (folder / "openvino_encoder_model.xml").write_text("no model")
    with Hearing(resolve("whisper", str(folder)).path) as hearing:
        assert not hearing.recognizer.wait_ready()
        wait_until(lambda: "unavailable" in hearing.codes)


# Partials of engines that hear whole utterances


@given(blocks=st.lists(st.integers(1, 40_000), max_size=60))
def test_all_partials_together_hear_at_most_twice_the_audio(blocks: list[int]) -> None:
    heard: list[int] = []

    def recognize(samples: Samples) -> str:
        heard.append(len(samples))
        return str(len(samples))

    utterance = WholeUtterance(recognize)
    for block in blocks:
        utterance.feed(np.ones(block, np.int16))
        utterance.partial()
    assert sum(heard) <= 2 * sum(blocks)
    assert bool(heard) == (sum(blocks) >= FIRST)
    assert heard == sorted(heard)


def test_the_network_is_given_the_vocabulary_before_the_audio(folder: Path) -> None:
    prompted = Whisper(folder, [Term("Zalando")])
    found = hear(prompted, spoken(TEXT))
    # The stand-in ends after so many tokens, those it was given included.
    assert 0 < len(found.text.split()) < stand_in_whisper.WORDS
    assert hear(prompted, spoken(TEXT)) == found


def test_loading_it_reports_to_nobody(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys; from voicestand.speech.whisper import Whisper\n"
        "try: Whisper(pathlib.Path('no such model'))\n"
        "except RuntimeError: print([name for name in sys.modules if 'telemetry' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


@pytest.mark.parametrize("device", ["NPU", "GPU"])
def test_on_a_device_that_is_not_there_nothing_is_heard_on_another(
    folder: Path, device: str
) -> None:
    if any(name.startswith(device) for name in ov.Core().available_devices):
        assert hear(Whisper(folder, device=device), spoken(TEXT)).text
        return
    with pytest.raises(RuntimeError):
        Whisper(folder, device=device)
