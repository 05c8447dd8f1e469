"""The meter of the live view holds its peak and lets it fall, like a programme meter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voicestand.cli.level_bar import FALL_DB_PER_SECOND, FLOOR_DB, HOLD_SECONDS, LevelBar, decibels


def test_full_scale_is_zero_decibels_and_silence_the_floor() -> None:
    assert decibels(1.0) == 0.0
    assert abs(decibels(0.5) + 6.02) < 0.01
    assert decibels(0.0) == FLOOR_DB


def test_a_peak_is_held_and_then_falls_at_its_rate() -> None:
    bar = LevelBar()
    assert bar.held(1.0, 10.0) == 0.0
    assert bar.held(0.0, 10.0 + HOLD_SECONDS) == 0.0
    assert abs(bar.held(0.0, 10.0 + HOLD_SECONDS + 1.0) + FALL_DB_PER_SECOND) < 1e-9


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 2)), max_size=50))
def test_the_mark_is_never_below_the_present_peak(steps: list[tuple[float, float]]) -> None:
    bar, now = LevelBar(), 0.0
    for peak, pause in steps:
        now += pause
        held = bar.held(peak, now)
        assert decibels(peak) <= held <= 0.0


@given(st.floats(0, 2), st.floats(0, 2))
def test_the_bar_has_its_width_whatever_the_level(rms: float, peak: float) -> None:
    assert len(LevelBar().render(rms, peak, 0.0, width=24).plain) == 24 + len("  -60 dB")
