"""Messages arrive whole, in order and once, however the stream is cut."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestand.speech.messages import (
    Advance,
    Begin,
    CommandStream,
    Drop,
    End,
    Final,
    Partial,
    ReportStream,
    encode,
)
from voicestand.speech.protocol import RecognizedWord

commands = st.lists(
    st.one_of(
        st.builds(Begin, st.text(), st.integers(0, 2**60)),
        st.builds(Advance, st.integers(0, 2**60)),
        st.builds(End, st.text(), st.integers(0, 2**60), st.floats(allow_nan=False)),
        st.builds(Drop, st.text()),
    )
)


@given(commands, st.data())
def test_messages_survive_any_cut_of_the_stream(
    messages: list[Begin | Advance | End | Drop], data: st.DataObject
) -> None:
    stream = b"".join(map(encode, messages))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    receiver = CommandStream()
    received = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += receiver.receive(stream[start:end])
    assert received == messages


def test_a_message_that_was_not_finished_never_comes() -> None:
    words = [RecognizedWord(text="well", start=0.0, end=0.5)]
    whole = encode(Final("a", "well", words, started=0.0, finished=1.0, busy=1.0))
    for length in range(len(whole)):
        assert ReportStream().receive(whole[:length]) == []


def test_a_stream_that_is_no_stream_of_messages_is_told_apart() -> None:
    with pytest.raises(msgspec.DecodeError):
        ReportStream().receive(b"\x03\x00\x00\x00abc")
    with pytest.raises(msgspec.DecodeError):
        CommandStream().receive(encode(Partial("a", "text")))
