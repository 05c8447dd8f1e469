"""The three shares of a final's latency."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voicestand.session.latency import EndOfSpeech, split

moments = st.floats(0, 1e6, allow_nan=False)
spans = st.floats(0, 100, allow_nan=False)


@given(moments, spans, spans, spans)
def test_the_shares_and_the_awaited_silence_make_up_the_whole(
    spoken: float, silence: float, engine: float, recognizer: float
) -> None:
    end = EndOfSpeech(spoken=spoken, decidable=spoken + silence)
    now = spoken + silence + engine + recognizer
    found = split(end, recognized_in=recognizer, now=now)
    assert abs(found.total - 1e3 * (silence + engine + recognizer)) < 1e-2
    assert abs(found.engine - 1e3 * engine) < 1e-2
    assert abs(found.recognizer - 1e3 * recognizer) < 1e-2


@given(moments, st.floats(-100, 100), st.floats(-100, 100), st.floats(-100, 100))
def test_no_share_is_ever_negative_or_larger_than_the_whole(
    spoken: float, decidable: float, recognized_in: float, now: float
) -> None:
    end = EndOfSpeech(spoken=spoken, decidable=spoken + decidable)
    found = split(end, recognized_in=recognized_in, now=spoken + now)
    assert found.total >= 0
    assert 0 <= found.engine <= found.total
    assert 0 <= found.recognizer <= found.total
    assert found.engine + found.recognizer <= found.total * (1 + 1e-9) + 1e-9
