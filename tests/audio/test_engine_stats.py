"""``Engine.stats``: what the engine says about itself while it runs."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from tests.program import wait_until

from voicestand._native import DeviceStream, Engine, SpeechReader

BLOCK = 128
RATE = 48_000
STAGES = ("mix", "high_pass", "meter", "resample")

Callback = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_ulong,
    ctypes.c_void_p,
    ctypes.c_ulong,
    ctypes.c_void_p,
)


def engine(channels: int = 1) -> Engine:
    roles = [[channel] for channel in range(channels)]
    return Engine(sample_rate=RATE, channels=channels, roles=roles, block_frames=BLOCK)


def call_back(stream: DeviceStream, blocks: int) -> None:
    """Calls as PortAudio would, with mono silence."""
    callback = Callback(stream.callback)
    silence = np.zeros(BLOCK, np.float32)
    for _ in range(blocks):
        callback(silence.ctypes.data, None, BLOCK, None, 0, stream.userdata)


def conditioned(core: Engine, blocks: int) -> None:
    """Waits until the DSP thread has done as many."""
    wait_until(lambda: core.stats()["histograms"]["block"]["count"] == blocks, "conditioned")


@contextmanager
def listening(core: Engine) -> Iterator[SpeechReader]:
    """A thread that reads to the end."""
    reader = core.speech_reader()
    thread = threading.Thread(target=lambda: list(iter(reader.read, None)))
    thread.start()
    try:
        yield reader
    finally:
        core.finish()
        thread.join()


def test_every_callback_is_timed_and_every_interval_but_the_first() -> None:
    core = engine()
    stream = core.device_stream()
    with listening(core):
        call_back(stream, 50)
        wait_until(lambda: not core.stats()["waiting_blocks"], "conditioned")
        seen = core.stats()["histograms"]
    assert seen["callback"]["count"] == 50
    assert seen["interval_jitter"]["count"] == 49
    assert 0 < seen["callback"]["p50"] <= seen["callback"]["max"]


def test_intervals_are_held_against_the_duration_of_a_block() -> None:
    core = engine()
    stream = core.device_stream()
    with listening(core):
        for _ in range(5):
            call_back(stream, 1)
            time.sleep(0.1)
        # A block lasts 2.7 ms, so each call is at least 97 ms late.
        assert core.stats()["histograms"]["interval_jitter"]["p50"] >= 0.096


def test_every_stage_of_every_channel_is_timed_and_every_block() -> None:
    core = engine(channels=2)
    with listening(core):
        core.push(np.zeros((BLOCK * 30, 2), np.float32), wait=True)
        conditioned(core, 30)
        seen = core.stats()["histograms"]
    assert [seen[stage]["count"] for stage in STAGES] == [60] * len(STAGES)
    assert seen["block"]["mean"] > sum(seen[stage]["mean"] for stage in STAGES)
    assert seen["capture_depth"]["count"] == 30
    assert seen["callback"]["count"] == 0  # nobody was called back


def test_the_stages_behind_the_resampler_are_timed_while_they_are_on() -> None:
    core = engine(channels=2)
    second = np.zeros((RATE, 2), np.float32)
    with listening(core):
        core.push(second, wait=True)
        wait_until(lambda: not core.stats()["waiting_blocks"], "conditioned")
        off = core.stats()["histograms"]
        core.set_conditioning(echo_cancellation=True, noise_suppression=True, automatic_gain=True)
        core.push(second, wait=True)
    seen = core.stats()["histograms"]
    assert [off[stage]["count"] for stage in ("echo", "noise", "gain")] == [0, 0, 0]
    # A hundred frames of 10 ms, a few more or less where it begins and ends; echo in one channel.
    assert seen["echo"]["count"] == pytest.approx(100, abs=5)
    assert seen["noise"]["count"] == pytest.approx(200, abs=10)
    assert seen["gain"]["count"] == pytest.approx(200, abs=10)


def test_a_wake_up_is_counted_only_for_who_slept() -> None:
    core = engine()
    with listening(core):
        for number in range(1, 11):
            core.push(np.zeros((BLOCK, 1), np.float32))
            conditioned(core, number)
            time.sleep(0.02)  # both threads sleep again
        seen = core.stats()["histograms"]
    # On a busy machine one of them may still be at work when the next block comes.
    assert 5 <= seen["dsp_wake"]["count"] <= 10
    assert 0 < seen["dsp_wake"]["p50"] < 1
    assert 5 <= seen["reader_wake"]["count"] <= seen["speech_depth"]["count"]
    assert seen["capture_depth"]["p50"] == 1


def test_who_finds_a_block_waiting_was_not_woken() -> None:
    core = engine()
    reader = core.speech_reader(32)
    core.push(np.zeros((BLOCK * 20, 1), np.float32))
    conditioned(core, 20)
    for _ in range(3):
        reader.read(5.0)
    assert core.stats()["histograms"]["reader_wake"]["count"] == 0


def test_a_ring_that_fills_up_is_seen_to() -> None:
    core = engine()
    reader = core.speech_reader(1)
    core.push(np.zeros((BLOCK * 20, 1), np.float32), wait=True)
    conditioned(core, 20)
    reader.read(5.0)
    depth = core.stats()["histograms"]["speech_depth"]
    assert depth["unit"] == "blocks"
    assert 15 <= depth["max"] <= 20  # less what the resampler holds back


def test_the_engines_threads_are_told_while_they_live() -> None:
    core = engine()
    stream = core.device_stream()
    with listening(core):
        assert set(core.stats()["threads"]) <= {"dsp"}  # nobody has called back yet
        call_back(stream, 1)
        threads = core.stats()["threads"]
        if not threads:
            pytest.skip("this kernel keeps no scheduler statistics")
        assert threads["callback"]["id"] == threading.get_native_id()
        assert threads["callback"]["cpu_seconds"] > 0
        wait_until(lambda: "dsp" in core.stats()["threads"], "the DSP thread")
        assert core.stats()["threads"]["dsp"]["id"] != threads["callback"]["id"]
    wait_until(lambda: "dsp" not in core.stats()["threads"], "the DSP thread forgotten")


def test_a_value_beyond_a_minute_is_counted_as_such() -> None:
    core = engine()
    stream = core.device_stream()
    with listening(core):
        callback = Callback(stream.callback)
        frames = RATE * 70
        silence = np.zeros(frames, np.float32)
        for _ in range(2):  # the second comes 70 s before it is due
            callback(silence.ctypes.data, None, frames, None, 0, stream.userdata)
        jitter = core.stats()["histograms"]["interval_jitter"]
    assert (jitter["count"], jitter["saturated"]) == (1, 1)
    assert jitter["max"] >= 60


def test_books_are_those_of_the_statistics_and_sum_up_no_histogram() -> None:
    core = engine()
    core.push(np.zeros((BLOCK, 1), np.float32))
    conditioned(core, 1)
    books, stats = dict(core.books()), dict(core.stats())
    assert books["captured"] == BLOCK
    assert books.items() <= stats.items()
    assert set(stats) - set(books) == {"histograms", "threads"}
    core.close()
    with pytest.raises(ValueError, match="closed"):
        core.books()
