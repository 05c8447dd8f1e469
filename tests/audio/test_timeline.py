"""What the time line promises: holes are found by the time stamps, to the frame."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from voicestand.audio.timeline import LONGEST_HOLE, TOLERANCE, Timeline

RATE = 16_000
times = st.none() | st.floats(-1e6, 1e6)


@given(
    start=st.floats(-10, 1e5),
    frames=st.lists(st.tuples(st.integers(1, 9_000), st.booleans()), min_size=1),
    rounding=st.floats(0, TOLERANCE / 2.1),
)
def test_a_file_without_holes_has_none(
    start: float, frames: list[tuple[int, bool]], rounding: float
) -> None:
    timeline, position = Timeline(RATE), 0
    for number, (count, stamped) in enumerate(frames):
        error = rounding if number % 2 else -rounding
        time = start + position / RATE + error if stamped else None
        assert timeline.missing_before(time, count) == 0
        position += count
    assert timeline.missing == 0


@given(
    start=st.floats(-10, 1e5),
    holes=st.lists(st.integers(math.ceil(TOLERANCE * RATE) + 1, int(LONGEST_HOLE * RATE) - 1)),
)
def test_every_hole_is_found_to_the_frame(start: float, holes: list[int]) -> None:
    timeline, position = Timeline(RATE), 0
    assert timeline.missing_before(start, 100) == 0
    position += 100
    for hole in holes:
        position += hole
        assert timeline.missing_before(start + position / RATE, 100) == hole
        position += 100
    assert timeline.missing == sum(holes)


@given(stamps=st.lists(st.tuples(times, st.integers(1, 9_000))))
def test_no_stamps_ask_for_more_than_the_longest_hole(
    stamps: list[tuple[float | None, int]],
) -> None:
    timeline = Timeline(RATE)
    for time, frames in stamps:
        assert 0 <= timeline.missing_before(time, frames) <= LONGEST_HOLE * RATE


def test_stamps_that_begin_anew_are_no_hole() -> None:
    timeline = Timeline(RATE)
    for time in (0.0, 1.0, 2.0, 0.0, 1.0, 500.0, 501.0):
        assert timeline.missing_before(time, RATE) == 0
    assert timeline.missing_before(503.0, RATE) == RATE
