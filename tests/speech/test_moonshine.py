"""Moonshine: the package itself, with small networks that know no language."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.program import wait_until
from tests.speech import stand_in_moonshine
from tests.speech.hearing import Hearing, Pcm, spoken

from voicestand.speech.moonshine import CHUNK, LONGEST, MOST_TERMS, STEP, Moonshine
from voicestand.speech.registry import resolve
from voicestand.speech.vocabulary import Term

TEXT = "thank you for calling how can i help you today"
MORE = "we have been looking at your prices and they are higher than what we expected"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stand_in_moonshine.make(tmp_path_factory.mktemp("models") / "stand-in")


@pytest.fixture(scope="module")
def engine(folder: Path) -> Moonshine:
    return Moonshine(folder)


def hear(engine: Moonshine, samples: Pcm) -> str:
    engine.start()
    engine.feed(samples)
    return engine.finish().text


def test_partials_of_a_stand_in_network_grow_into_the_final(engine: Moonshine) -> None:
    audio = spoken(TEXT)
    partials = []
    engine.start()
    for at in range(0, len(audio), CHUNK):
        engine.feed(audio[at : at + CHUNK])
        partials.append(engine.partial())
    final = engine.finish().text
    assert partials[0]
    assert [len(text) for text in partials] == sorted(len(text) for text in partials)
    # The network's tokens stand; but each partial lacks what the network looks ahead for.
    assert final.startswith(partials[-1])
    assert len(final) > len(partials[0])


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_neither_cut_nor_partials_nor_what_was_before_matter_to_a_stand_in_network(
    engine: Moonshine, data: st.DataObject
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
    assert engine.finish().text == expected


def test_another_process_would_say_the_same(folder: Path, engine: Moonshine) -> None:
    assert hear(Moonshine(folder), spoken(MORE)) == hear(engine, spoken(MORE))


@pytest.mark.parametrize("length", [STEP, STEP + 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK])
def test_the_end_of_an_utterance_is_heard(engine: Moonshine, length: int) -> None:
    noise = np.random.default_rng(1).integers(-9000, 9000, length).astype(np.int16)
    other = noise.copy()
    other[-STEP:] = -other[-STEP:]
    assert hear(engine, noise) != hear(engine, other)


@pytest.mark.parametrize("length", [0, 1, 1599])
def test_what_is_too_short_for_a_word_is_not_heard(engine: Moonshine, length: int) -> None:
    assert hear(engine, np.ones(length, np.int16)) == ""


def test_a_long_utterance_is_heard_in_pieces_that_do_not_depend_on_its_cuts(
    engine: Moonshine,
) -> None:
    audio = np.tile(spoken(MORE), 12)
    assert len(audio) > LONGEST
    whole = hear(engine, audio)
    pieces = [hear(engine, audio[:LONGEST]), hear(engine, audio[LONGEST:])]
    assert whole == " ".join(pieces)
    engine.start()
    for at in range(0, len(audio), 50_000):
        engine.feed(audio[at : at + 50_000])
    assert engine.finish().text == whole


def test_the_pipeline_says_what_the_bare_engine_says_even_if_it_is_killed(
    folder: Path, engine: Moonshine
) -> None:
    audio = spoken(MORE)
    bare = hear(engine, audio)
    with Hearing(resolve("moonshine", str(folder)).path) as hearing:
        hearing.say("whole", audio, block=160)
        hearing.drain()
        hearing.say_while_killed("killed", audio, 40_000)
        assert hearing.texts == {"whole": bare, "killed": bare}
        assert {final.engine for final in hearing.finals} == {"moonshine"}


def test_a_model_that_does_not_load_is_told_once(tmp_path: Path) -> None:
    folder = stand_in_moonshine.make(tmp_path / "damaged")
    (folder / "encoder.ort").write_bytes(b"no model")
    with Hearing(resolve("moonshine", str(folder)).path) as hearing:
        assert not hearing.recognizer.wait_ready()
        wait_until(lambda: "unavailable" in hearing.codes)


def test_the_network_is_told_the_terms(folder: Path, engine: Moonshine) -> None:
    alone, told = (
        hear(one, spoken(TEXT)) for one in (engine, Moonshine(folder, [Term("Zalando")]))
    )
    # The stand-in knows no language: the beginning of the term comes where others were as likely.
    assert "Z" not in alone
    assert "Z" in told


def test_terms_that_the_library_does_not_take_are_named(folder: Path) -> None:
    terms = [Term("Zalando"), Term("Smith, Jones"), Term("Kubernetes", boost=2.0)]
    said = Moonshine.unused(folder, terms)
    assert said is not None
    assert "1 of 3 terms" in said
    assert "(Smith, Jones)" in said
    assert hear(Moonshine(folder, terms), spoken(TEXT))
    many = [Term(f"name {number}") for number in range(MOST_TERMS)]
    assert Moonshine.unused(folder, many) is None
    rest = Moonshine.unused(folder, [Term("least", boost=0.5), *many])
    assert rest is not None
    assert "(least)" in rest
