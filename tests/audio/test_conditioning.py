"""The conditioning chain through the engine, on mixtures made of flite's voices."""

from __future__ import annotations

import time

import numpy as np
import pytest
from tests.audio.mixtures import RATE, Samples, conditioned, decibels, power, speech

from voicestand._native import Engine

FAR = (
    "I would like to know what the new contract costs each month, and whether the price includes "
    "support for all of our offices. We have looked at three other offers."
)
NEAR = "The price depends on the number of users and the length of the contract."


@pytest.mark.parametrize("delay_ms", [50, 150])
def test_the_echo_of_a_voice_is_20_db_down_after_2_s(delay_ms: int) -> None:
    far = speech(FAR, "rms")
    near = echo(far, delay_ms)
    heard = conditioned(np.stack([near, far], axis=1), echo_cancellation=True)
    after = slice(2 * RATE, None)
    assert decibels(power(near[after]) / power(heard[0][after])) >= 20
    np.testing.assert_array_equal(heard[1], far)


def test_a_voice_in_double_talk_comes_out_cleaner_than_it_went_in() -> None:
    far = speech(FAR, "rms")
    voice = np.zeros_like(far)
    own = speech(NEAR, "slt")
    voice[4 * RATE : 4 * RATE + len(own)] = own[: len(voice) - 4 * RATE]
    near = voice + echo(far, 100)
    heard = conditioned(np.stack([near, far], axis=1), echo_cancellation=True)[0]
    talk = slice(4 * RATE, min(len(far), 4 * RATE + len(own)))
    before = decibels(power(voice[talk]) / power(near[talk] - voice[talk]))
    after = decibels(power(voice[talk]) / power(heard[talk] - voice[talk]))
    assert after - before >= 6


def echo(far: Samples, delay_ms: int) -> Samples:
    """``far`` through a made room, 6 dB down: a direct path and a tail of a quarter second."""
    random = np.random.default_rng(1)
    delay = delay_ms * RATE // 1000
    tail = np.arange(1600)
    path = 0.15 * random.standard_normal(1600) * 10 ** (-3 * tail / (0.25 * RATE))
    path[0] = 1.0
    path *= 0.5 / np.sqrt(np.sum(path**2))
    played = np.convolve(far, path)[: len(far) - delay]
    return np.concatenate([np.zeros(delay), played]).astype(np.float32)


def test_the_far_end_of_another_engine_is_aligned_by_its_time() -> None:
    far = speech(FAR, "rms")[: 5 * RATE]
    near = echo(far, 80)
    microphone, system = (
        Engine(sample_rate=RATE, channels=1, roles=[[0]], block_frames=160, high_pass_hz=0.0)
        for _ in range(2)
    )
    microphone.set_conditioning(echo_cancellation=True)
    microphone.set_far_end(system)
    readers = [engine.speech_reader(len(far)) for engine in (microphone, system)]
    began = time.monotonic()
    for start in range(0, len(far), 160):
        now = began + start / RATE
        part = slice(start, start + 160)
        system.push(far[part, np.newaxis].copy(), adc_time=now)
        microphone.push(near[part, np.newaxis].copy(), adc_time=now)
        time.sleep(0.0005)
    for engine in (system, microphone):
        engine.finish()
    windows = [reader.read(20) for reader in readers]
    assert windows[0] is not None
    heard = windows[0].samples[0]
    after = slice(2 * RATE, None)
    assert decibels(power(near[after]) / power(heard[after])) >= 15
    assert windows[0].end_adc_time == pytest.approx(began + len(far) / RATE, abs=1e-3)


def test_quiet_speech_is_brought_up_and_its_loudness_told() -> None:
    voice = np.concatenate([speech(FAR, "slt"), speech(NEAR, "slt")]) * np.float32(0.05)
    engine = Engine(sample_rate=RATE, channels=1, roles=[[0]], high_pass_hz=0.0, ring_seconds=60)
    engine.set_conditioning(automatic_gain=True)
    reader = engine.speech_reader(len(voice))
    engine.push(voice[:, np.newaxis], wait=True)
    engine.finish()
    assert reader.read(30) is not None
    [loudness] = engine.loudness()
    assert -30 < loudness["short_term"] < -18
    assert loudness["integrated"] < loudness["short_term"] + 10
    assert 0 < loudness["peak_hold"] <= 1
    engine.close()


def test_stages_are_switched_per_channel_and_mistakes_are_told() -> None:
    engine = Engine(sample_rate=RATE, channels=2, roles=[[0], [1]])
    engine.set_conditioning(1, noise_suppression=True)
    engine.set_conditioning(high_pass=False)
    first, second = engine.conditioning()
    assert (first["noise_suppression"], second["noise_suppression"]) == (False, True)
    assert not first["high_pass"]
    with pytest.raises(ValueError, match="no speech channel 2: there are 2"):
        engine.set_conditioning(2, automatic_gain=True)
    with pytest.raises(ValueError, match="its own far end"):
        engine.set_far_end(engine)
    other = Engine(sample_rate=RATE, channels=1, roles=[[0]])
    with pytest.raises(ValueError, match="no speech channel 1"):
        engine.set_far_end(other, 1)
    engine.set_far_end(None)
