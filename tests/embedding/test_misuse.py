"""What an embedder may do wrong: answered by an exception, never by a crash or a hang."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from tests.program import wait_until

from voicestand._native import Engine, Ring, RingReader, SpeechReader

PATIENCE = 60.0
"""Seconds until a program that should end counts as hanging."""


def run(program: str) -> subprocess.CompletedProcess[str]:
    """Runs ``program`` in an interpreter of its own: a crash there is a return code here."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


FORKING = """
    import os, sys
    import numpy as np
    from voicestand._native import Engine, Ring

    engine = Engine(sample_rate=48_000, channels=1, roles=[[0]])
    reader = engine.speech_reader()
    ring = Ring(blocks=4, block_frames=16)
    ring_reader = ring.reader()
    block = np.zeros((16, 1), np.float32)
    child = os.fork()
    if child == 0:
        refused = 0
        for use in (
            lambda: engine.push(block, wait=True),
            lambda: engine.stats(),
            lambda: engine.finish(),
            lambda: engine.speech_reader(),
            lambda: engine.device_stream(),
            lambda: reader.read(),
            lambda: reader.delivered,
            lambda: ring.write(block),
            lambda: ring.reader(),
            lambda: ring_reader.read(),
        ):
            try:
                use()
            except RuntimeError as error:
                refused += "forked" in str(error)
        engine.close()
        ring.close()
        fresh = Engine(sample_rate=16_000, channels=1, roles=[[0]])
        heard = fresh.speech_reader(16)
        fresh.push(block)
        fresh.finish()
        assert heard.read() is not None
        sys.exit(40 + refused)  # an ordinary end: everything inherited is torn down
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 50, status
    # The parent goes on as if nothing had been.
    engine.push(np.zeros((48_000, 1), np.float32), wait=True)
    engine.finish()
    windows = 0
    while reader.read() is not None:
        windows += 1
    assert windows == 32, windows
    print("both well")
"""


def test_a_forked_child_is_refused_what_it_inherited_and_may_make_its_own() -> None:
    done = run(FORKING)
    assert done.stdout == "both well\n", done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize(
    "ending", ["pass", "engine.finish()", "raise SystemExit(0)", "del reader", "del engine"]
)
def test_an_interpreter_may_end_with_everything_open(ending: str) -> None:
    done = run(f"""
        import threading
        import numpy as np
        from voicestand._native import Engine, Ring
        engine = Engine(sample_rate=44_100, channels=2, roles=[[0], [1]])
        stream = engine.device_stream()
        reader = engine.speech_reader()
        ring = Ring(blocks=4, block_frames=16)
        ring_reader = ring.reader()
        waiting = [
            threading.Thread(target=source.read, daemon=True)
            for source in (engine.speech_reader(), ring_reader)
        ]
        for thread in waiting:
            thread.start()
        engine.push(np.zeros((44_100, 2), np.float32))
        {ending}
    """)
    assert (done.returncode, done.stderr) == (0, "")


def test_of_two_threads_on_one_reader_the_second_is_told_so() -> None:
    engine = Engine(sample_rate=16_000, channels=1, roles=[[0]])
    ring = Ring(blocks=4, block_frames=16)
    for reader, end in ((engine.speech_reader(), engine.finish), (ring.reader(), ring.close)):
        told: list[str] = []

        def read(reader: SpeechReader | RingReader = reader, told: list[str] = told) -> None:
            try:
                reader.read()
            except RuntimeError as error:
                told.append(str(error))

        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        wait_until(told.__len__)
        end()
        for thread in threads:
            thread.join(PATIENCE)
        assert len(told) == 1, "the first one waits, the second is told"
        assert "another thread" in told[0]
    engine.close()


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros((4, 1), np.float64),
        np.zeros((4, 1), np.int16),
        np.zeros(4, np.float32),
        np.zeros((4, 1, 1), np.float32),
        np.zeros((4, 2), np.float32)[:, :1],
        np.zeros((1, 4), ">f4"),
        [[0.0]],
        b"\0\0\0\0",
        None,
    ],
    ids=["float64", "int16", "flat", "cube", "strided", "big-endian", "list", "bytes", "None"],
)
def test_samples_of_another_kind_are_refused(samples: object) -> None:
    engine = Engine(sample_rate=16_000, channels=1, roles=[[0]])
    ring = Ring(blocks=4, block_frames=16)
    for take in (engine.push, ring.write):
        with pytest.raises((TypeError, ValueError)):
            take(samples)  # type: ignore[arg-type]
    assert engine.stats()["captured"] == 0
    engine.close()


def test_a_closed_engine_says_so_and_its_readers_come_to_the_end() -> None:
    engine = Engine(sample_rate=16_000, channels=1, roles=[[0]])
    reader = engine.speech_reader(16)
    engine.push(np.zeros((16, 1), np.float32))
    engine.close()
    engine.close()
    for use in (engine.stats, engine.levels, engine.finish, engine.speech_reader):
        with pytest.raises(ValueError, match="closed"):
            use()
    with pytest.raises(ValueError, match="closed"):
        engine.push(np.zeros((16, 1), np.float32))
    assert reader.read() is not None
    assert reader.read() is None
    assert (reader.delivered, reader.lost) == (16, 0)


def test_audio_pushed_while_another_thread_ends_the_engine_is_accounted_for() -> None:
    for _ in range(20):
        engine = Engine(sample_rate=16_000, channels=1, roles=[[0]])
        reader = engine.speech_reader(160)
        accepted = 0

        def push(engine: Engine = engine) -> None:
            nonlocal accepted
            block = np.zeros((160, 1), np.float32)
            while (frames := engine.push(block)) == 160:
                accepted += frames
            accepted += frames

        pushing = threading.Thread(target=push)
        pushing.start()
        time.sleep(0.002)
        engine.finish()
        pushing.join(PATIENCE)
        while reader.read(PATIENCE) is not None:
            pass
        stats = engine.stats()
        assert stats["captured"] == accepted
        assert reader.delivered + reader.lost + stats["lost_before_dsp"] == accepted
        engine.close()


def test_closing_an_engine_that_another_thread_pushes_into_ends_both() -> None:
    for _ in range(20):
        engine = Engine(sample_rate=16_000, channels=1, roles=[[0]])
        reader = engine.speech_reader(160)  # never read: a push that waits finds no room
        ended = threading.Event()

        def push(engine: Engine = engine, ended: threading.Event = ended) -> None:
            block = np.zeros((160, 1), np.float32)
            with contextlib.suppress(ValueError):
                while engine.push(block, wait=True) == 160:
                    pass
            ended.set()

        threading.Thread(target=push, daemon=True).start()
        time.sleep(0.002)
        engine.close()
        assert ended.wait(PATIENCE)
        del reader
