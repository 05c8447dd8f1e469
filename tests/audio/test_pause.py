"""A paused device is closed, whatever it was doing. Its streams are stand-ins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.program import wait_until

from voicestand.audio import device
from voicestand.audio.device import DeviceSource
from voicestand.audio.devices import InputDevice
from voicestand.audio.jack_stream import JackStream
from voicestand.audio.opening import Stream, Wanted
from voicestand.config import AudioSettings
from voicestand.errors import DeviceError

BLOCK = np.zeros((480, 1), np.float32)


class Opening:
    """One stream: gives a block of 10 ms when it is started."""

    name = "stand-in"

    def __init__(self, source: Microphone) -> None:
        self._source = source
        self.started = self.closed = False

    @property
    def active(self) -> bool:
        return self.started and not self.closed

    def start(self) -> None:
        if self.closed:
            raise DeviceError("unplugged")
        self.started = True
        self._source.engine.push(BLOCK)

    def close(self) -> bool:
        self.closed = True
        return True


class Microphone(DeviceSource):
    """A device of which every opening waits for ``may_open``."""

    def __init__(self) -> None:
        self.openings: list[Opening] = []
        self.may_open, self.opens = threading.Event(), threading.Event()
        self.may_open.set()
        self.alerts: list[str] = []
        found = InputDevice(
            index=0,
            name="stand-in",
            host_api="ALSA",
            max_input_channels=1,
            default_sample_rate=48_000.0,
            latency=0.01,
            is_default=True,
        )
        super().__init__("", AudioSettings(), find=lambda: Wanted(device=found))
        self.tell = lambda severity, code, message: self.alerts.append(code)

    def _open(self, wanted: Wanted, jack: JackStream | None = None) -> Stream:
        self.opens.set()
        assert self.may_open.wait(30)
        self.openings.append(Opening(self))
        return self.openings[-1]

    def missing(self) -> int:
        return self.engine.books()["missing"]


def stand_in(patch: pytest.MonkeyPatch) -> Microphone:
    """One that is looked after more often than real ones."""
    patch.setattr(device, "_possible_rate", lambda *_: 48_000)
    patch.setattr(device, "LOOK_EVERY", 0.01)
    patch.setattr(device, "RETRY_FIRST", 0.01)
    return Microphone()


@pytest.fixture
def microphone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Microphone]:
    microphone = stand_in(monkeypatch)
    yield microphone
    microphone.may_open.set()
    microphone.close()


def test_a_pause_closes_the_stream_and_the_clock_goes_on(microphone: Microphone) -> None:
    microphone.start()
    microphone.pause()
    microphone.pause()
    (first,) = microphone.openings
    assert first.closed
    assert microphone.away
    wait_until(lambda: microphone.missing() > 4_800, "the clock")
    assert (len(microphone.openings), microphone.trouble()) == (1, None)

    microphone.resume()
    assert microphone.settled()
    microphone.resume()
    assert [opening.active for opening in microphone.openings] == [False, True]
    books = microphone.engine.books()
    assert (books["captured"], books["blocks"]) == (960, 2)
    assert microphone.alerts == ["audio.device_back"]


def test_a_stream_that_was_being_opened_is_never_started(microphone: Microphone) -> None:
    microphone.start()
    wait_until(lambda: microphone._seen_blocks, "the first look")
    microphone.opens.clear()
    microphone.may_open.clear()
    microphone.openings[0].closed = True  # the device goes away
    assert microphone.opens.wait(30)
    microphone.pause()
    opener = microphone._opener
    microphone.may_open.set()
    assert opener is not None
    opener.join(30)
    assert [opening.active for opening in microphone.openings] == [False, False]
    assert not microphone.openings[1].started
    microphone.resume()
    assert microphone.settled()
    assert microphone.openings[2].active


def test_a_pause_before_the_start_lets_nothing_begin(microphone: Microphone) -> None:
    microphone.pause()
    microphone.start()
    assert not microphone.openings[0].started
    assert microphone.trouble() is None
    microphone.resume()
    assert microphone.settled()
    assert microphone.openings[1].active


def test_a_device_that_is_not_there_after_a_pause_is_waited_for(
    microphone: Microphone, monkeypatch: pytest.MonkeyPatch
) -> None:
    microphone.start()
    microphone.pause()
    tries = iter([DeviceError("busy"), DeviceError("busy")])
    real = microphone._find

    def find() -> Wanted:
        for error in tries:
            raise error
        return real()

    monkeypatch.setattr(microphone, "_find", find)
    microphone.resume()
    assert microphone.settled()
    assert microphone.openings[1].active


def test_a_paused_source_can_be_closed(microphone: Microphone) -> None:
    microphone.start()
    microphone.pause()
    microphone.close()
    microphone.resume()
    microphone.pause()
    assert len(microphone.openings) == 1


@settings(max_examples=20)
@given(st.lists(st.sampled_from(["pause", "resume", "unplug", "settle"]), max_size=12))
def test_whatever_happens_one_stream_is_open_at_most_and_none_while_paused(
    happens: list[str],
) -> None:
    with pytest.MonkeyPatch.context() as patch, closing(stand_in(patch)) as microphone:
        microphone.start()
        for what in happens:
            match what:
                case "pause":
                    microphone.pause()
                    assert not any(one.active for one in microphone.openings)
                case "resume":
                    microphone.resume()
                case "unplug":
                    microphone.openings[-1].closed = True
                case "settle" if not microphone._paused:
                    microphone.settled()
            assert sum(one.active for one in microphone.openings) <= 1
        microphone.pause()
        opened, frames = len(microphone.openings), microphone.engine.books()["captured"]
        if microphone._opener is not None:
            microphone._opener.join(30)
        assert not any(one.active for one in microphone.openings[:opened])
        assert not any(one.started for one in microphone.openings[opened:])
        assert microphone.engine.books()["captured"] == frames
