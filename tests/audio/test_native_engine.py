"""What the native engine promises to Python, whatever Python does to it."""

from __future__ import annotations

import gc
import math
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.audio.readers import wait_until_read

from voicestand._native import Engine, SpeechReader

RATE = 16_000


def engine(channels: int = 1, **changed: Any) -> Engine:
    spec: dict[str, Any] = {
        "sample_rate": RATE,
        "channels": channels,
        "roles": [[channel] for channel in range(channels)],
        "high_pass_hz": 0.0,
    }
    return Engine(**(spec | changed))


def rest(reader: SpeechReader) -> int:
    """Reads to the end; the frames of speech there were."""
    frames = 0
    while (window := reader.read(timeout=60)) is not None:
        frames += window.frames
    return frames


def zeros(frames: int, channels: int = 1) -> np.ndarray[Any, Any]:
    return np.zeros((frames, channels), np.float32)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"sample_rate": 0}, "1,000 to 768,000"),
        ({"sample_rate": 999}, "999 Hz"),
        ({"sample_rate": 768_001}, "768001 Hz"),
        ({"channels": 0, "roles": [[0]]}, "0 channels"),
        ({"channels": 257}, "257 channels"),
        ({"roles": []}, "0 speech channels"),
        ({"roles": [[0]] * 9}, "9 speech channels"),
        ({"roles": [[]]}, "speech channel of"),
        ({"roles": [[1]]}, "speech channel of"),
        ({"block_frames": 15}, "15 frames"),
        ({"block_frames": 65_537}, "65537 frames"),
        ({"ring_seconds": 0.0}, "0 s"),
        ({"ring_seconds": math.nan}, "NaN"),
        ({"ring_seconds": math.inf}, "inf"),
        ({"high_pass_hz": -1.0}, "-1 Hz"),
        ({"high_pass_hz": math.nan}, "NaN"),
        ({"ring_seconds": 600.0, "channels": 256, "roles": [[0]]}, "256 MB"),
    ],
)
def test_an_engine_that_cannot_be_says_which_value_is_wrong(
    changed: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        engine(**changed)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sample_rate", -1),
        ("sample_rate", 2**40),
        ("sample_rate", "x"),
        ("channels", 1.5),
        ("roles", [[-1]]),
        ("roles", 3),
        ("block_frames", 1.5),
        ("ring_seconds", "x"),
    ],
)
def test_a_value_of_the_wrong_type_is_an_ordinary_python_error(name: str, value: Any) -> None:
    with pytest.raises((TypeError, OverflowError, ValueError)):
        engine(**{name: value})


_SQUARE = np.zeros((480, 2), np.float32)


@pytest.mark.parametrize(
    "samples",
    [
        _SQUARE.astype(np.float64),
        _SQUARE.astype(np.int16),
        _SQUARE.astype(">f4"),
        _SQUARE[:, 0],
        _SQUARE[None],
        _SQUARE[:, :1],
        np.zeros((480, 3), np.float32),
        np.zeros((480, 0), np.float32),
        np.asfortranarray(_SQUARE),
        np.zeros((960, 2), np.float32)[::2],
        _SQUARE[::-1],
        _SQUARE.tolist(),
        _SQUARE.tobytes(),
        None,
    ],
    ids=lambda samples: (
        f"{type(samples).__name__} {getattr(samples, 'dtype', '')} "
        f"{getattr(samples, 'shape', '')} {getattr(samples, 'strides', '')}"
    ),
)
def test_samples_of_another_kind_are_refused_and_not_counted(samples: Any) -> None:
    core = engine(2)
    with pytest.raises((TypeError, ValueError)):
        core.push(samples)
    assert core.stats()["captured"] == 0
    core.close()


@pytest.mark.parametrize("adc_time", [math.nan, math.inf, -1.0, 1e300])
def test_a_time_that_is_none_is_refused(adc_time: float) -> None:
    core = engine()
    with pytest.raises(ValueError, match="adc_time"):
        core.push(zeros(480), adc_time=adc_time)
    core.close()


def test_a_refused_time_is_named_as_the_caller_names_it() -> None:
    core = engine(follow_monotonic=True)
    with pytest.raises(ValueError, match="until NaN"):
        core.advance(math.nan)
    with pytest.raises(ValueError, match="origin -1"):
        core.begin_at(-1.0)
    core.close()


def test_samples_that_are_read_only_or_empty_are_fine() -> None:
    core = engine()
    samples = zeros(480)
    samples.flags.writeable = False
    assert core.push(samples) == 480
    assert core.push(zeros(0)) == 0
    assert core.stats()["captured"] == 480
    core.close()


def test_what_is_pushed_is_what_is_read() -> None:
    core = engine(2, roles=[[0], [1], [0, 1]])
    reader = core.speech_reader(1_000)
    sent = np.random.default_rng(1).normal(0, 0.1, (1_700, 2)).astype(np.float32)
    assert core.push(sent, adc_time=100.0) == 1_700
    core.finish()
    first, last = reader.read(timeout=60), reader.read(timeout=60)
    assert first is not None
    assert last is not None
    assert reader.read(timeout=60) is None
    assert (first.samples.shape, first.frames, last.frames) == ((3, 1_000), 1_000, 700)
    assert (first.first_frame, last.first_frame) == (0, 1_000)
    heard = np.concatenate([first.samples, last.samples[:, :700]], axis=1)
    np.testing.assert_array_equal(heard[:2].T, sent)
    np.testing.assert_allclose(heard[2], sent.mean(axis=1), atol=1e-7)
    assert not last.samples[:, 700:].any(), "behind the last frame there is silence"
    assert first.end_adc_time == pytest.approx(100 + 1_000 / RATE, abs=1e-6)
    core.close()


def test_a_window_belongs_to_whoever_reads_it() -> None:
    core = engine()
    reader = core.speech_reader(160)
    core.push(np.ones((320, 1), np.float32))
    core.finish()
    first = reader.read(timeout=60)
    assert first is not None
    first.samples[:] = 7.0
    second = reader.read(timeout=60)
    assert second is not None
    assert (second.samples == 1.0).all()
    core.close()
    del core, reader
    gc.collect()
    assert (first.samples == 7.0).all()


def test_a_closed_engine_says_so() -> None:
    core = engine()
    core.close()
    core.close()
    calls = (
        lambda: core.push(zeros(480)),
        core.speech_reader,
        core.device_stream,
        core.finish,
        core.levels,
        core.stats,
    )
    for call in calls:
        with pytest.raises(ValueError, match="closed"):
            call()


def test_a_finished_engine_takes_no_more_audio_and_counts_it() -> None:
    core = engine()
    core.finish()
    core.finish()
    assert core.push(zeros(480)) == 0
    assert core.push(zeros(480), wait=True) == 0
    stats = core.stats()
    assert (stats["captured"], stats["rejected"]) == (0, 960)
    core.close()


def test_a_reader_outlives_its_engine() -> None:
    core = engine()
    reader = core.speech_reader(160)
    core.push(zeros(1_000))
    core.close()
    del core
    gc.collect()
    assert rest(reader) == 1_000
    assert (reader.delivered, reader.lost) == (1_000, 0)
    assert reader.read(timeout=0) is None


def test_the_user_data_of_a_stream_outlives_its_engine() -> None:
    core = engine()
    stream = core.device_stream()
    assert stream.callback
    assert stream.userdata
    core.close()
    assert stream.userdata
    stream.release()
    stream.release()
    assert stream.userdata == 0


def test_there_are_eight_readers_and_a_ninth_once_one_has_gone() -> None:
    core = engine()
    readers = [core.speech_reader() for _ in range(8)]
    with pytest.raises(RuntimeError, match="at most 8"):
        core.speech_reader()
    readers.pop()
    core.speech_reader()
    core.close()


@pytest.mark.parametrize("frames", [0, -1, 1_000_001])
def test_a_window_of_no_length_is_refused(frames: int) -> None:
    core = engine()
    with pytest.raises((ValueError, OverflowError)):
        core.speech_reader(frames)
    core.close()


def test_a_reader_is_for_one_thread_and_says_so_to_the_other() -> None:
    core = engine()
    reader = core.speech_reader(160)
    outcome: list[object] = []
    blocked = threading.Thread(target=lambda: outcome.append(reader.read(timeout=60)))
    blocked.start()
    wait_until_read(reader)
    with pytest.raises(RuntimeError, match="another thread"):
        reader.read(timeout=0)
    core.push(zeros(160))
    blocked.join(60)
    assert outcome
    assert outcome[0] is not None
    core.close()


def test_a_thread_that_waits_for_audio_does_not_stop_another() -> None:
    core = engine()
    reader = core.speech_reader(160)
    blocked = threading.Thread(target=reader.read)
    blocked.start()
    # With the GIL held in there, not even this line would be reached, nor the push that ends it.
    turns = sum(1 for _ in range(100_000))
    assert turns == 100_000
    assert blocked.is_alive()
    core.push(zeros(160))
    blocked.join(60)
    assert not blocked.is_alive()
    core.close()


def test_a_thread_that_waits_for_room_does_not_stop_another() -> None:
    core = engine(ring_seconds=0.1)
    reader = core.speech_reader(160)
    pushed: list[int] = []
    pusher = threading.Thread(target=lambda: pushed.append(core.push(zeros(RATE), wait=True)))
    pusher.start()
    for _ in range(100):
        assert reader.read(timeout=60) is not None
    pusher.join(60)
    assert pushed == [RATE]
    assert (reader.delivered, reader.lost) == (RATE, 0)
    core.close()


@pytest.mark.parametrize("end", ["finish", "close"])
def test_a_push_that_waits_for_room_ends_with_the_engine(end: str) -> None:
    core = engine(ring_seconds=0.1)
    reader = core.speech_reader(160)
    pushed: list[int] = []
    pusher = threading.Thread(target=lambda: pushed.append(core.push(zeros(10 * RATE), wait=True)))
    pusher.start()
    first = reader.read(timeout=60)
    assert first is not None
    getattr(core, end)()
    pusher.join(60)
    assert not pusher.is_alive()
    assert 0 < pushed[0] < 10 * RATE
    assert first.frames + rest(reader) == pushed[0]
    core.close()


def test_two_threads_that_read_in_turn_get_every_window_between_them() -> None:
    core = engine(ring_seconds=20.0)
    reader = core.speech_reader(16)
    firsts: list[int] = []

    def listen() -> None:
        while True:
            try:
                window = reader.read(timeout=60)
            except RuntimeError:  # the other one has it
                continue
            if window is None:
                return
            firsts.append(window.first_frame)

    core.push(zeros(10 * RATE))
    core.finish()
    threads = [threading.Thread(target=listen) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(firsts) == list(range(0, 10 * RATE, 16))
    core.close()


@pytest.mark.parametrize("end", ["finish", "close"])
def test_a_read_that_waits_ends_with_the_engine(end: str) -> None:
    core = engine()
    reader = core.speech_reader(160)
    outcome: list[object] = []
    blocked = threading.Thread(target=lambda: outcome.append(reader.read()))
    blocked.start()
    wait_until_read(reader)
    getattr(core, end)()
    blocked.join(60)
    assert outcome == [None]
    core.close()


def test_a_time_out_is_for_the_whole_window_and_loses_nothing() -> None:
    core = engine()
    reader = core.speech_reader(1_000_000)
    stop = threading.Event()

    def trickle() -> None:
        while not stop.wait(0.005):
            core.push(np.ones((16, 1), np.float32))

    feeder = threading.Thread(target=trickle)
    feeder.start()
    try:
        # Each of these blocks would begin the wait anew, were it not for a deadline.
        with pytest.raises(TimeoutError):
            reader.read(timeout=0.2)
    finally:
        stop.set()
        feeder.join(60)
    core.finish()
    window = reader.read(timeout=60)
    assert window is not None
    assert window.frames == core.stats()["captured"]
    assert (window.samples[:, : window.frames] == 1.0).all()
    core.close()


@pytest.mark.parametrize("timeout", [0, 0.0, -1.0, -math.inf, 1e-12])
def test_no_time_is_no_waiting(timeout: float) -> None:
    core = engine()
    with pytest.raises(TimeoutError):
        core.speech_reader().read(timeout=timeout)
    core.close()


@pytest.mark.parametrize("timeout", [None, math.inf, 1e300])
def test_all_the_time_there_is_is_no_error(timeout: float | None) -> None:
    core = engine()
    reader = core.speech_reader(160)
    threading.Timer(0.02, lambda: core.push(zeros(160))).start()
    assert reader.read(timeout=timeout) is not None
    core.close()


def test_a_time_out_that_is_no_number_is_refused() -> None:
    core = engine()
    with pytest.raises(ValueError, match="timeout"):
        core.speech_reader().read(timeout=math.nan)
    core.close()


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Python's own answer to it, which a shell takes from what it runs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_read_that_waits() -> None:
    core = engine()
    reader = core.speech_reader()
    main = threading.main_thread().ident
    assert main is not None
    threading.Timer(0.05, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        reader.read(timeout=60)
    core.close()


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_push_that_waits() -> None:
    core = engine(ring_seconds=0.1)
    core.speech_reader()  # joins and goes: nobody holds the ring up
    reader = core.speech_reader()
    main = threading.main_thread().ident
    assert main is not None
    threading.Timer(0.05, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        core.push(zeros(10 * RATE), wait=True)
    core.close()
    assert rest(reader) == reader.delivered


class Books(RuleBasedStateMachine):
    """Random pushes and reads: for every reader, what was captured is delivered or lost."""

    @initialize(
        rate=st.sampled_from([8_000, 16_000, 44_100, 48_000]),
        channels=st.integers(1, 3),
        block=st.sampled_from([16, 128, 500]),
        seconds=st.floats(0.01, 0.2),
    )
    def start(self, rate: int, channels: int, block: int, seconds: float) -> None:
        self.rate, self.channels, self.accepted = rate, channels, 0
        self.core = engine(
            channels, sample_rate=rate, block_frames=block, ring_seconds=seconds, high_pass_hz=80.0
        )
        self.readers: list[SpeechReader] = []
        self.join(160)

    @rule(frames=st.integers(1, 2_000))
    def join(self, frames: int) -> None:
        if len(self.readers) < 3:
            self.readers.append(self.core.speech_reader(frames))

    @rule(frames=st.integers(0, 20_000))
    def push(self, frames: int) -> None:
        self.accepted += self.core.push(zeros(frames, self.channels))

    @rule(which=st.integers(0, 2))
    def read(self, which: int) -> None:
        reader = self.readers[which % len(self.readers)]
        before = reader.delivered + reader.lost
        try:
            window = reader.read(timeout=0)
        except TimeoutError:
            return
        assert window is not None
        assert reader.delivered + reader.lost >= before

    @invariant()
    def books_are_never_ahead(self) -> None:
        assert self.core.stats()["captured"] == self.accepted
        for reader in self.readers:
            assert reader.delivered + reader.lost <= self.accepted

    def teardown(self) -> None:
        if not hasattr(self, "core"):
            return
        self.core.finish()
        ends = set()
        for number, reader in enumerate(self.readers):
            end = None
            while (window := reader.read(timeout=60)) is not None:
                end = window.first_frame + window.frames
            lost = self.core.stats()["lost_before_dsp"]
            # Who joined while audio was under way does not know what it missed before.
            missed = self.accepted - (reader.delivered + reader.lost + lost)
            assert missed == 0 if number == 0 else 0 <= missed + lost <= self.accepted
            if number == 0 and end is not None:
                ends.add(end)
        # Lost or not, the speech clock of the first reader ends where the audio does.
        assert ends <= {-(-self.accepted * 16_000 // self.rate)}
        self.core.close()


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


@settings(deadline=None, max_examples=20)
@given(sizes=st.lists(st.integers(1, 3_000), max_size=12), window=st.integers(1, 2_000))
def test_who_waits_loses_nothing(sizes: list[int], window: int) -> None:
    core = engine(ring_seconds=0.05, block_frames=64)
    reader = core.speech_reader(window)

    def feed() -> None:
        for size in sizes:
            core.push(zeros(size), wait=True)
        core.finish()

    feeder = threading.Thread(target=feed)
    feeder.start()
    assert rest(reader) == sum(sizes)
    feeder.join(60)
    assert (reader.delivered, reader.lost) == (sum(sizes), 0)
    core.close()


_SHUTDOWN = """
import sys, threading, time
import numpy as np
from voicestand._native import Engine, Ring
def engine():
    return Engine(sample_rate=16000, channels=1, roles=[[0]], ring_seconds=0.1)
core, full, ring = engine(), engine(), Ring(blocks=4, block_frames=480)
stalled = full.speech_reader()
audio = np.zeros((160000, 1), np.float32)
waits = [core.speech_reader().read, ring.reader().read, lambda: full.push(audio, wait=True)]
for wait in waits:
    threading.Thread(target=wait, daemon=True).start()
time.sleep(0.1)
print("done", flush=True)
{end}
"""


@pytest.mark.parametrize(
    "end", ["pass", "core.close()", "del core, full, ring, waits", "sys.exit()"]
)
def test_the_interpreter_ends_with_threads_still_waiting(end: str) -> None:
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", _SHUTDOWN.format(end=end)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
