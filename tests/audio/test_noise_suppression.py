"""Noise suppression on mixtures of flite's voices with noise: what is taken away, and what a
recognizer understands of what is left."""

from __future__ import annotations

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein
from tests.audio.mixtures import (
    LEAD,
    RATE,
    TRAIL,
    Samples,
    conditioned,
    decibels,
    mixture,
    power,
    speech,
)

from voicestand.speech.pocketsphinx import PocketSphinx

SENTENCE = "The price depends on the number of users and the length of the contract."

SAID = (
    ("slt", "thank you for calling how can i help you today"),
    ("rms", "please tell me your name and the number of your house"),
)

MARGIN = 3 * RATE // 10
"""Samples around the voice that the recognizer hears, as an utterance has them."""


def suppressed(mixed: Samples) -> Samples:
    heard: Samples = conditioned(mixed[:, np.newaxis], noise_suppression=True)[0]
    return heard


def snr(samples: Samples) -> float:
    """The voice's power beside that of the noise in the pause behind it, dB.

    The power while the voice speaks is that of both: the noise's share is taken from the pause.
    """
    left = power(samples[-TRAIL * 3 // 4 :])
    return decibels(power(samples[LEAD : len(samples) - TRAIL]) / left - 1)


@pytest.mark.parametrize("kind", ["white", "pink", "hum", "street"])
def test_noise_at_5_db_is_pushed_back_by_10_db(kind: str) -> None:
    mixed = mixture(speech(SENTENCE, "slt"), kind, 5)
    assert snr(suppressed(mixed)) - snr(mixed) >= 10


def test_other_voices_are_left_alone() -> None:
    mixed = mixture(speech(SENTENCE, "slt"), "babble", 5)
    assert decibels(power(suppressed(mixed) - mixed) / power(mixed)) < -20


def test_noise_far_below_the_voice_is_left_alone() -> None:
    mixed = mixture(speech(f"{SENTENCE} {SENTENCE}", "slt"), "pink", 30)
    # Once it is known how loud the voice is.
    after = slice(LEAD + 2 * RATE, None)
    assert decibels(power(suppressed(mixed)[after] - mixed[after]) / power(mixed[after])) < -30


@pytest.fixture(scope="module")
def recognizer() -> PocketSphinx:
    return PocketSphinx()


def mistakes(recognizer: PocketSphinx, text: str, heard: Samples) -> int:
    """Words that are wrong, missing or too many in the voice's part of a mixture."""
    part = heard[LEAD - MARGIN : len(heard) - TRAIL + MARGIN]
    recognizer.start()
    recognizer.feed(np.clip(np.rint(part * 32768), -32768, 32767).astype(np.int16))
    return Levenshtein.distance(text.split(), recognizer.finish().text.split())


@pytest.mark.parametrize(("kind", "snr_db"), [("street", 5), ("babble", 15)])
def test_the_recognizer_understands_no_fewer_words(
    recognizer: PocketSphinx, kind: str, snr_db: int
) -> None:
    with_noise = without = 0
    for voice, text in SAID:
        mixed = mixture(speech(text, voice), kind, snr_db)
        with_noise += mistakes(recognizer, text, mixed)
        without += mistakes(recognizer, text, suppressed(mixed))
    assert without <= with_noise
