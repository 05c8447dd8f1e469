"""What is no speech makes no utterance, for as long as it lasts and however loud it is."""

from __future__ import annotations

import numpy as np
import pytest
from tests.vad.noises import KINDS, RATE, Sound
from tests.vad.speech import spoken

from voicestand.config import VadSettings
from voicestand.vad.endpointer import Endpointer
from voicestand.vad.level import SpeechLevel
from voicestand.vad.live import utterances
from voicestand.vad.silero import SileroVad

SECONDS, TIMES = 60, 10
"""A minute of each, ten times: to make it takes longer than to hear it."""


@pytest.fixture(scope="module")
def vad() -> SileroVad:
    return SileroVad("CPU")


@pytest.fixture(scope="module", params=KINDS)
def noise(request: pytest.FixtureRequest) -> Sound:
    return KINDS[request.param](np.random.default_rng(1), SECONDS * RATE)


def test_ten_minutes_of_noise_make_no_utterance(vad: SileroVad, noise: Sound) -> None:
    """In the batch form of the model, which is what a channel hears whose gain does not move."""
    probabilities = vad.probabilities(np.tile(noise * SpeechLevel().gain, TIMES))
    assert probabilities.max() < 0.5, "the gain would move: the live form must be asked"
    endpointer = Endpointer(VadSettings())
    decisions = [one for value in probabilities.tolist() for one in endpointer.feed(value)]
    assert decisions + endpointer.finish() == []


@pytest.mark.parametrize("decibels", [-20, -40])
def test_quieter_noise_makes_no_utterance(vad: SileroVad, noise: Sound, decibels: float) -> None:
    assert utterances(vad, noise * np.float32(10 ** (decibels / 20)), VadSettings()) == []


def test_noise_after_speech_makes_no_utterance(vad: SileroVad, noise: Sound) -> None:
    speech = spoken() * np.float32(0.1)
    mixed = np.concatenate([speech, noise[: 30 * RATE]])
    alone = len(utterances(vad, speech, VadSettings()))
    late = [one for one, _ in utterances(vad, mixed, VadSettings()) if one.start > len(speech)]
    assert alone >= 1
    assert late == []
