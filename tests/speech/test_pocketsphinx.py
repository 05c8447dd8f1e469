"""The embedded engine: the transcript depends on the samples alone, and on nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.speech.hearing import SHORT_RECORDINGS, Hearing, Pcm, read, spoken

from voicestand.speech.pocketsphinx import CHUNK, HOLD_BACK, PocketSphinx, plain_word
from voicestand.speech.protocol import Transcript

MORE = "we have been looking at your prices and they are higher than what we expected"
TEXT = "thank you for calling how can i help you today"


@pytest.fixture(scope="module")
def engine() -> PocketSphinx:
    return PocketSphinx()


def noisy(text: str) -> Pcm:
    """Speech so hard to understand that the least difference changes the words."""
    speech = spoken(text).astype(np.float64)
    noise = np.random.default_rng(4).normal(size=len(speech)) * speech.std() * 10 ** (-18 / 20)
    samples: Pcm = np.rint((speech + noise) / 3).astype(np.int16)
    return samples


def hear(engine: PocketSphinx, samples: Pcm, block: int = 10**9) -> Transcript:
    engine.start()
    for at in range(0, len(samples), block):
        engine.feed(samples[at : at + block])
    return engine.finish()


def test_clear_speech_is_understood(engine: PocketSphinx) -> None:
    found = hear(engine, spoken(TEXT)).text.split()
    assert len(set(found) & set(TEXT.split())) >= 7


def test_words_lie_in_order_within_the_audio_and_are_words(engine: PocketSphinx) -> None:
    audio = np.concatenate([spoken(TEXT), np.zeros(8000, np.int16), spoken(TEXT)])
    transcript = hear(engine, audio)
    assert transcript.text == " ".join(word.text for word in transcript.words)
    times = [time for word in transcript.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= len(audio) / 16000 + 0.02
    assert all(0 <= (word.confidence or 0) <= 1 for word in transcript.words)
    # The second half's words lie in the second half.
    assert transcript.words[-1].start > len(audio) / 2 / 16000


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_cut_of_the_audio_does_not_matter(engine: PocketSphinx, data: st.DataObject) -> None:
    audio = noisy(TEXT)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(audio)), max_size=8)))
    engine.start()
    for start, end in zip([0, *cuts], [*cuts, len(audio)], strict=True):
        engine.feed(audio[start:end])
        engine.partial()
    assert engine.finish() == hear(engine, audio)


def test_audio_heard_at_once_and_in_small_pieces_gives_the_same_transcript(
    engine: PocketSphinx,
) -> None:
    audio = noisy(f"{TEXT} {MORE}")
    assert hear(engine, audio) == hear(engine, audio, block=160)


@pytest.mark.parametrize(
    "source", [None, *SHORT_RECORDINGS], ids=lambda path: path.stem if path else "flite"
)
def test_what_was_heard_before_does_not_matter(engine: PocketSphinx, source: Path | None) -> None:
    audio = read(source) if source else noisy(TEXT)
    alone = hear(PocketSphinx(), audio)
    hear(engine, (spoken(TEXT) // 8).astype(np.int16))
    assert hear(engine, audio) == alone
    # Nor does an utterance that was abandoned.
    engine.start()
    engine.feed(audio[: len(audio) // 2])
    assert hear(engine, audio, block=1000) == alone


@pytest.mark.parametrize("length", [0, 1, 100, 400, CHUNK, HOLD_BACK - 1, HOLD_BACK, HOLD_BACK + 1])
def test_short_and_silent_utterances_are_no_trouble(engine: PocketSphinx, length: int) -> None:
    assert hear(engine, np.zeros(length, np.int16)).text == ""
    assert isinstance(hear(engine, spoken(TEXT)[:length]).text, str)


def test_speech_after_a_second_of_digital_silence_is_understood(engine: PocketSphinx) -> None:
    audio = np.concatenate([np.zeros(HOLD_BACK + 100, np.int16), spoken(TEXT)])
    assert len(set(hear(engine, audio).text.split()) & set(TEXT.split())) >= 5


@pytest.mark.parametrize("value", [32767, -32768])
def test_audio_at_full_scale_is_no_trouble(engine: PocketSphinx, value: int) -> None:
    assert isinstance(hear(engine, np.full(40_000, value, np.int16)).text, str)


@pytest.mark.parametrize(
    ("token", "word"),
    [
        ("hello", "hello"),
        ("read(2)", "read"),
        ("it's", "it's"),
        ("<s>", ""),
        ("</s>", ""),
        ("<sil>", ""),
        ("[NOISE]", ""),
        ("[COUGH]", ""),
        ("++BREATH++", ""),
        ("<unk>", ""),
    ],
)
def test_marks_of_the_decoder_are_no_words(token: str, word: str) -> None:
    assert plain_word(token) == word


def test_the_pipeline_says_what_the_bare_engine_says_even_if_it_is_killed(
    engine: PocketSphinx,
) -> None:
    said = {"flite": spoken(TEXT)} | {path.stem: read(path) for path in SHORT_RECORDINGS[:2]}
    bare = {name: hear(engine, audio) for name, audio in said.items()}
    with Hearing(None) as hearing:
        for name, audio in said.items():
            hearing.say(name, audio, block=160)
        hearing.drain()
        assert hearing.texts == {name: transcript.text for name, transcript in bare.items()}
        assert [len(f.words) for f in hearing.finals] == [len(t.words) for t in bare.values()]
        assert {f.engine for f in hearing.finals} == {"pocketsphinx"}
        assert all(f.asked <= f.finished and f.recognized_in > 0 for f in hearing.finals)

        audio = said["flite"]
        hearing.say_while_killed("killed", audio, 30_000)
        assert hearing.texts["killed"] == bare["flite"].text
        assert hearing.codes == ["restarted"]
