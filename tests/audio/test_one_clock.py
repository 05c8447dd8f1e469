"""Engines that follow the monotonic clock, as Python sees them."""

from __future__ import annotations

import numpy as np
import pytest

from voicestand._native import Engine

RATE = 48_000


def engine(*, follow_monotonic: bool = True) -> Engine:
    return Engine(
        sample_rate=RATE,
        channels=1,
        roles=[[0]],
        high_pass_hz=0,
        follow_monotonic=follow_monotonic,
    )


def hear(one: Engine, origin: float, starts: float, click: float) -> float:
    """Where ``one`` hears a click at ``click``, having begun at ``starts``: seconds, its clock."""
    one.begin_at(origin)
    reader = one.speech_reader(512)
    audio = np.zeros((2 * RATE, 1), np.float32)
    audio[round((click - starts) * RATE)] = 1.0
    one.push(audio, adc_time=starts)
    one.finish()
    heard = []
    while (window := reader.read(5)) is not None:
        heard.append(window.samples[0, : window.frames])
    assert reader.delivered == len(audio)
    one.close()
    return float(np.abs(np.concatenate(heard)).argmax()) / 16_000


def test_two_engines_begun_at_different_moments_hear_a_click_at_one_time() -> None:
    origin = 1e6
    first = hear(engine(), origin, origin + 0.25, origin + 1.5)
    second = hear(engine(), origin, origin + 0.9, origin + 1.5)
    assert first == pytest.approx(1.5, abs=1e-3)
    assert second == pytest.approx(1.5, abs=1e-3)


def test_how_the_clocks_stand_is_told() -> None:
    one = engine()
    hear_clock = one.stats()["clock"]
    assert hear_clock == {"drift_ppm": 0.0, "error": 0.0, "jitter": 0.0, "steps": 0}
    one.close()
    other = engine(follow_monotonic=False)
    assert other.stats()["clock"] is None
    with pytest.raises(ValueError, match="make it with follow_monotonic"):
        other.begin_at(1.0)
    other.close()
