"""What is promised of the silence that is awaited: by pitch, by pauses, within bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.vad.speech import spoken

from voicestand.config import VadSettings
from voicestand.vad.live import utterances
from voicestand.vad.patience import LEAST, MOST, Patience
from voicestand.vad.pitch import FRAME, pitch
from voicestand.vad.silero import SileroVad
from voicestand.vad.windows import HOP, SAMPLE_RATE

SETTINGS = VadSettings()


def voice(hertz: NDArray[np.float64], seed: int = 0) -> NDArray[np.float32]:
    """A voice of ten harmonics whose pitch is ``hertz`` at each sample."""
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    sound = sum(np.sin(k * phase + seed + k * k) / k for k in range(1, 11))
    return (0.1 * np.asarray(sound)).astype(np.float32)


def phrase(*corners: float, seconds: float = 2.0) -> NDArray[np.float32]:
    """A voice that goes in straight lines from pitch to pitch."""
    count = int(seconds * SAMPLE_RATE) // HOP * HOP
    return voice(np.interp(np.linspace(0, len(corners) - 1, count), range(len(corners)), corners))


def silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros(round(seconds * SAMPLE_RATE) // HOP * HOP, np.float32)


def follow(patience: Patience, *parts: NDArray[np.float32]) -> float:
    """Lets it hear phrases and silences, with the probabilities of a model that is not late."""
    factor = patience.factor
    for part in parts:
        for window in part.reshape(-1, HOP):
            factor = patience.hear(window, 1.0 if window.any() else 0.0)
    return factor


@pytest.fixture
def patience() -> Patience:
    return Patience(SETTINGS.min_silence, SETTINGS.release)


@pytest.mark.parametrize("hertz", [65, 90, 120, 180, 250, 390])
def test_the_pitch_of_a_voice_is_found(hertz: float) -> None:
    sound = voice(np.full(4 * FRAME, float(hertz)))
    found = pitch(sound.reshape(-1, FRAME))
    np.testing.assert_allclose(found, hertz, rtol=0.03)


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (200, FRAME)).astype(np.float32)
    assert np.mean(pitch(noise) > 0) < 0.02
    assert not pitch(np.zeros((3, FRAME), np.float32)).any()


def test_a_voice_that_has_fallen_is_awaited_least(patience: Patience) -> None:
    assert follow(patience, phrase(120, 160, 130, 160, 90), silence(0.1)) == LEAST


def test_a_voice_that_stays_up_is_awaited_longer(patience: Patience) -> None:
    assert follow(patience, phrase(120, 100, 130, 100, 160), silence(0.1)) > 1.5


def test_a_voice_of_which_too_little_is_known_is_awaited_as_set(patience: Patience) -> None:
    assert follow(patience, phrase(160, 90, seconds=0.2), silence(0.1)) == 1.0


def test_a_phrase_that_ends_without_a_voice_is_awaited_as_set(patience: Patience) -> None:
    breath = np.random.default_rng(0).normal(0, 0.05, HOP * 16).astype(np.float32)
    assert follow(patience, phrase(120, 160, 90), breath, silence(0.1)) == 1.0


def test_a_speaker_who_pauses_for_long_is_awaited_longer(patience: Patience) -> None:
    neutral = phrase(100, 160, 100, 160, 130)
    before = follow(patience, neutral, silence(0.1))
    for _ in range(4):
        follow(patience, silence(0.8), neutral)
    assert follow(patience, silence(0.1)) > 1.3 * before


def test_a_speaker_who_hardly_pauses_is_awaited_less(patience: Patience) -> None:
    neutral = phrase(100, 160, 100, 160, 130)
    before = follow(patience, neutral, silence(0.1))
    for _ in range(12):
        follow(patience, silence(0.2), neutral)
    assert follow(patience, silence(0.1)) < 0.8 * before


def test_a_new_turn_is_no_pause(patience: Patience) -> None:
    neutral = phrase(100, 160, 100, 160, 130)
    before = follow(patience, neutral, silence(0.1))
    for _ in range(4):
        follow(patience, silence(3.0), neutral)
    assert follow(patience, silence(0.1)) == pytest.approx(before, rel=0.1)


@settings(max_examples=30)
@given(
    runs=st.lists(
        st.tuples(st.floats(0, 1), st.integers(1, 40), st.floats(60, 400)), min_size=1, max_size=12
    )
)
def test_the_patience_stays_within_its_bounds(runs: list[tuple[float, int, float]]) -> None:
    patience = Patience(SETTINGS.min_silence, SETTINGS.release)
    for probability, count, hertz in runs:
        sound = voice(np.full(count * HOP, hertz)) if probability > 0.3 else silence(count * 0.032)
        for window in sound.reshape(-1, HOP):
            assert LEAST <= patience.hear(window, probability) <= MOST


@pytest.mark.parametrize("bad", [np.nan, np.inf, 3e38])
def test_what_is_no_audio_does_not_spoil_the_patience(patience: Patience, bad: float) -> None:
    with np.errstate(all="ignore"):
        follow(patience, np.full(HOP * 4, bad, np.float32))
    assert follow(patience, phrase(120, 160, 130, 160, 90), silence(0.1)) == LEAST


def test_the_end_of_a_sentence_is_awaited_less_than_is_set() -> None:
    vad = SileroVad("CPU")
    adaptive = utterances(vad, spoken(), VadSettings())
    fixed = utterances(vad, spoken(), VadSettings(adaptive_silence=False))
    assert [one.start for one, _ in adaptive] == [one.start for one, _ in fixed]
    waits = [[told - one.end for one, told in side] for side in (adaptive, fixed)]
    assert min(waits[0]) < 0.4 * SAMPLE_RATE < 0.5 * SAMPLE_RATE <= min(waits[1])
