"""``engine.stats``: what a session says of itself, and what it says of the machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from tests.program import Program, events_of
from tests.spoken_calls import Recording

from voicestand.events import EngineStats, ProcessUsage, SessionEnded, from_json, to_json
from voicestand.session import statistics
from voicestand.session.usage import UsageMeter


def test_the_last_statistics_come_before_the_end_and_agree_with_it(
    program: Program, dialogue: Recording
) -> None:
    done = program("run", "--input", dialogue.path, "--pace", "max", "--events", "-")
    events = events_of(done.stdout)
    ended = events[-1]
    assert isinstance(ended, SessionEnded)
    last = events[-2]
    assert isinstance(last, EngineStats)
    (source,) = last.sources
    assert source.channels == ["self", "other"]
    assert source.frames_captured == ended.frames_captured == dialogue.frames
    assert source.frames_delivered == ended.frames_delivered
    assert (source.frames_lost, source.xruns) == (ended.frames_lost, ended.xruns)
    block = source.histograms["block"]
    assert block.unit == "ms"
    assert 0 < block.p50 <= block.p99 <= block.p999 <= block.max
    assert source.histograms["mix"].count == 2 * block.count  # once a channel
    assert source.histograms["capture_depth"].unit == "blocks"
    assert {one.name for one in last.processes} >= {"engine"}
    assert all(one.rss_bytes > 1 << 20 for one in last.processes)
    assert len(last.cores) == os.cpu_count()
    assert from_json(to_json(last)) == last


def test_statistics_come_all_the_time_and_do_not_disturb_the_books(
    program: Program, dialogue: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    from voicestand.audio.file import FileSource
    from voicestand.config import Settings
    from voicestand.events import Event
    from voicestand.session import Conversation

    monkeypatch.setattr(statistics, "EVENT_SECONDS", 0.1)
    monkeypatch.setattr(statistics, "SHOWN_SECONDS", 0.02)
    settings = Settings()
    shown: list[EngineStats] = []
    events: list[Event] = []
    source = FileSource(dialogue.path, settings.audio, pace="max")
    conversation = Conversation([source], settings, show=events.append, publish=shown.append)
    ended = conversation.run()
    told = [event for event in events if isinstance(event, EngineStats)]
    assert len(told) >= 3
    assert len(shown) > len(told)
    captured = [one.sources[0].frames_captured for one in told]
    assert captured == sorted(captured)
    assert captured[-1] == ended.frames_captured == ended.frames_delivered
    assert events[-1] is ended


def test_a_process_that_spins_uses_a_core_and_one_that_sleeps_none() -> None:
    meter = UsageMeter()
    code = "import sys\nsys.stdout.write('x'); sys.stdout.flush()\nwhile True: pass"
    with (
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as spinning,
        subprocess.Popen(["sleep", "60"]) as sleeping,
    ):
        try:
            assert spinning.stdout is not None
            spinning.stdout.read(1)
            pids = {"spinning": spinning.pid, "sleeping": sleeping.pid, "gone": 4_194_305}
            meter.read(pids)
            usage: dict[str, ProcessUsage] = {}
            while not usage or usage["spinning"].cpu_percent == 0:
                time.sleep(0.2)
                processes, cores = meter.read(pids)
                usage = {one.name: one for one in processes}
            assert set(usage) == {"spinning", "sleeping"}
            assert 0 < usage["spinning"].cpu_percent <= 110
            assert usage["sleeping"].cpu_percent == 0
            assert meter.interval >= 0.2
            assert max(cores.values()) > 0
            for one in processes:
                assert one.pss_bytes is None or 0 < one.pss_bytes <= one.rss_bytes
        finally:
            spinning.kill()
            sleeping.kill()
