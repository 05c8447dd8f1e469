"""Whatever Python hands to the native half is answered: by a result or an ordinary exception.

Every class and function of ``voicestand._native`` is found by itself, so a new one is fuzzed from
the day it is exposed. A crash ends the test run; a panic of the native half is an exception that is
not among the ordinary ones.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voicestand import _native

ORDINARY: tuple[type[BaseException], ...] = (
    TypeError,
    ValueError,
    OverflowError,
    RuntimeError,
    OSError,
    BufferError,
    KeyError,
    MemoryError,
)
"""What a caller can expect; ``TimeoutError`` is an ``OSError``. A panic is a ``BaseException``."""

SHAPES = [(), (0,), (1,), (480,), (0, 0), (0, 2), (7, 1), (160, 2), (3, 5, 2)]
DTYPES = ["f4", "f8", "i2", "i4", "u1", "?", "c8", ">f4", "O"]
NUMBERS = [-1, 0, 1, 2, 3, 16, 512, 8_000, 44_100, 48_000, 2**31, 2**32, 2**63, 2**64, -(2**63)]
REALS = [0.0, -0.0, -1.5, 1e-9, 0.5, 16_000.0, 1e300, float("nan"), float("inf"), -float("inf")]


@st.composite
def arrays(draw: st.DrawFn) -> object:
    """Arrays of every kind: empty, strided, reversed, read-only, transposed, of odd types."""
    dtype = draw(st.sampled_from(DTYPES))
    array = np.zeros(draw(st.sampled_from(SHAPES)), dtype)
    if array.dtype.kind == "f" and array.size:
        array.flat[0] = draw(st.sampled_from(REALS[:6] + REALS[7:]))
    change = draw(
        st.sampled_from(["none", "stride", "reverse", "transpose", "read-only", "offset"])
    )
    if change == "stride" and array.ndim:
        array = array[::2]
    elif change == "reverse" and array.ndim:
        array = array[::-1]
    elif change == "transpose":
        array = array.T
    elif change == "read-only":
        array.setflags(write=False)
    elif change == "offset" and array.ndim:
        array = array[1:]
    return array


ANYTHING = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(REALS),
    arrays(),
    st.sampled_from([None, True, "", "hann", "\0", "ü" * 100, b"", b"\xff" * 64, object(), [], {}]),
    st.lists(st.lists(st.integers(-1, 3), max_size=3), max_size=3),
    st.lists(st.sampled_from(REALS), max_size=5),
)

NEVER_WAITS = {"timeout": 0.0, "wait": False}
"""Arguments that a fuzzed call always gets: a read without a time-out waits for good, rightly."""


def parameters(what: Callable[..., object]) -> list[inspect.Parameter]:
    try:
        found = inspect.signature(what).parameters.values()
    except (TypeError, ValueError):
        return []
    return [parameter for parameter in found if parameter.name != "self"]


def call(what: Callable[..., object], data: st.DataObject) -> object:
    """Calls ``what`` with as many arguments as it wants, each of them anything."""
    positional: list[object] = []
    named: dict[str, object] = {}
    for parameter in parameters(what):
        if parameter.name in NEVER_WAITS:
            named[parameter.name] = NEVER_WAITS[parameter.name]
        elif parameter.default is not parameter.empty and data.draw(st.booleans()):
            continue
        elif parameter.kind is parameter.KEYWORD_ONLY or named:
            named[parameter.name] = data.draw(ANYTHING)
        else:
            positional.append(data.draw(ANYTHING))
    return what(*positional, **named)


CLASSES = [value for value in vars(_native).values() if inspect.isclass(value)]
WHOLE_PROCESS = {"promote", "guard_realtime"}
"""They change how the kernel schedules this very process, which then may not compute for 0.2 s in a
row: it would be killed, as it should be. Their own tests run them in processes of their own."""
FUNCTIONS = [
    value
    for name, value in vars(_native).items()
    if inspect.isbuiltin(value) and name not in WHOLE_PROCESS
]

quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
@quick
@given(data=st.data())
def test_a_function_answers_whatever_it_is_given(
    function: Callable[..., object], data: st.DataObject
) -> None:
    with contextlib.suppress(*ORDINARY):
        call(function, data)


@pytest.mark.parametrize("made", CLASSES, ids=lambda made: made.__name__)
@quick
@given(data=st.data())
def test_a_class_answers_whatever_it_is_made_of(made: type, data: st.DataObject) -> None:
    with contextlib.suppress(*ORDINARY):
        call(made, data)


def made_objects() -> Iterator[object]:
    """One of each class that has methods, alive: the engine hears two channels."""
    engine = _native.Engine(sample_rate=16_000, channels=2, roles=[[0], [1]], ring_seconds=0.1)
    ring = _native.Ring(blocks=4, block_frames=160, channels=2)
    reader, speech = ring.reader(), engine.speech_reader(160)
    capture = engine.capture_reader()
    for _ in range(3):
        ring.write(np.zeros((160, 2), np.float32))
        engine.push(np.zeros((160, 2), np.float32))
    window = speech.read(10.0)
    stream = engine.device_stream()
    yield from (engine, ring, reader, speech, window, stream)
    yield from (capture, capture.read(10.0))
    pool = _native.Pool(small=2, medium=1, large=0)
    yield from (pool, pool.take(1000))
    player = _native.Player(sample_rate=16_000, channels=2)
    output = player.device_stream()
    yield from (player, output)
    yield _native.Resampler(44_100)
    yield _native.Resampler(48_000, adjustable=True)
    yield _native.LogMel()
    yield _native.Dither()
    yield _native.Biquads.high_pass(80.0, 16_000)
    yield _native.Thermometer()
    yield _native.ThermalGovernor()
    stream.release()
    output.release()


NEEDS_A_SERVER = {_native.JackClient}
"""Is tested with a real one."""


def test_every_class_is_among_those_whose_methods_are_fuzzed() -> None:
    assert {type(made) for made in made_objects()} == set(CLASSES) - NEEDS_A_SERVER


@settings(parent=quick, max_examples=150)
@given(data=st.data())
def test_objects_answer_whatever_is_done_to_them_in_any_order(data: st.DataObject) -> None:
    objects = list(made_objects())
    for _ in range(data.draw(st.integers(1, 12))):
        made = data.draw(st.sampled_from(objects))
        name = data.draw(st.sampled_from(["__repr__", *(n for n in dir(made) if n[0] != "_")]))
        with contextlib.suppress(*ORDINARY):
            attribute = getattr(made, name)
            if callable(attribute):
                call(attribute, data)
