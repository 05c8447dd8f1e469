"""Whatever happens to the worker, every utterance is final exactly once, in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from tests.program import is_alive, wait_until
from tests.speech import faulty_engine
from tests.speech.faulty_engine import words_of
from tests.speech.hearing import PATIENCE, REPOSITORY, Hearing, Pcm

from voicestand.speech.pending import Abandoned
from voicestand.speech.recognizer import LOOKBACK

ECHO = "tests.speech.faulty_engine:Echo"
SECOND = 16_000


@pytest.fixture(autouse=True, params=["spawned", "forked"])
def engines_of_the_tests(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(Hearing, "forks", request.param == "forked")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("FAULT_MARK", str(tmp_path / "mark"))


def noise(seconds: float, seed: int = 0, fault: int | None = None) -> Pcm:
    rng = np.random.default_rng(seed)
    samples = rng.integers(-3000, 3000, round(seconds * SECOND)).astype(np.int16)
    if fault is not None:
        samples[len(samples) // 2] = fault
    return samples


def test_finals_come_in_order_and_of_exactly_the_samples_that_were_meant() -> None:
    with Hearing(ECHO) as hearing:
        audio = noise(30)
        hearing.write(audio[:5000])
        for number in range(8):
            start = hearing.recognizer.head
            hearing.recognizer.begin(str(number), start - 3000)
            hearing.write(audio[start : start + 2 * SECOND])
            hearing.recognizer.end(str(number), start + 30_000)
        hearing.drain()
        expected = {f.utterance: words_of(audio[f.start : f.end]) for f in hearing.finals}
        assert [f.utterance for f in hearing.finals] == [str(n) for n in range(8)]
        assert hearing.texts == expected
        assert {f.end - f.start for f in hearing.finals} == {33_000}
        assert {f.engine for f in hearing.finals} == {"echo"}
        assert hearing.finals[3].words[0].start == pytest.approx(
            hearing.finals[3].start / SECOND, abs=1e-3
        )
        assert not hearing.alerts


def test_an_utterance_cut_in_the_past_has_the_words_before_the_cut_and_no_others() -> None:
    with Hearing("tests.speech.faulty_engine:Seconds") as hearing:
        hearing.recognizer.begin("a", 0)
        hearing.write(noise(8))
        # The partial says how many samples the engine has heard.
        wait_until(lambda: any(int(p.text.split()[0]) > 6 * SECOND for p in hearing.partials))
        hearing.recognizer.end("a", 5 * SECOND)
        hearing.recognizer.begin("b", 5 * SECOND)
        hearing.recognizer.end("b", 8 * SECOND)
        hearing.drain()
        assert hearing.texts == {"a": "0 1 2 3 4", "b": "0 1 2"}
        assert hearing.finals[0].end == 5 * SECOND


def test_audio_that_may_not_belong_to_the_utterance_is_not_heard() -> None:
    audio = noise(8)
    with Hearing(ECHO) as hearing:
        hearing.ready_worker()
        hearing.recognizer.begin("a", 0)
        hearing.recognizer.assure(2 * SECOND)
        for _ in range(3):
            hearing.write(audio[hearing.recognizer.head :][: 2 * SECOND])
            time.sleep(0.1)
        hearing.recognizer.assure(3 * SECOND)
        hearing.recognizer.end("a", 7 * SECOND // 2)
        hearing.drain()
        # More than was told to be certain, the engine never had to forget.
        assert hearing.texts == {"a": words_of(audio[: 7 * SECOND // 2])}
        assert max(int(p.text.split()[0]) for p in hearing.partials) <= 2 * SECOND


def test_a_worker_killed_in_mid_utterance_costs_nothing() -> None:
    audio = noise(6)
    with Hearing(ECHO) as hearing:
        pid = hearing.ready_worker()
        hearing.recognizer.begin("a", 0)
        hearing.write(audio[: 4 * SECOND])
        wait_until(lambda: hearing.partials)
        os.kill(pid, signal.SIGKILL)
        hearing.write(audio[4 * SECOND :])
        hearing.recognizer.end("a", len(audio))
        hearing.say("b", audio)
        hearing.drain()
        assert hearing.texts == {"a": words_of(audio), "b": words_of(audio)}
        assert hearing.codes == ["restarted"]
        assert hearing.recognizer.worker_pid != pid


def test_a_worker_killed_between_utterances_is_replaced() -> None:
    with Hearing(ECHO) as hearing:
        os.kill(hearing.ready_worker(), signal.SIGKILL)
        wait_until(lambda: hearing.codes == ["restarted"])
        hearing.say("a", noise(1))
        hearing.drain()
        assert hearing.texts == {"a": words_of(noise(1))}


def test_a_worker_killed_while_it_loads_is_replaced() -> None:
    with Hearing(ECHO) as hearing:
        hearing.say("a", noise(1))
        wait_until(lambda: hearing.recognizer.worker_pid)
        pid = hearing.recognizer.worker_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        hearing.drain()
        assert hearing.texts == {"a": words_of(noise(1))}
        # A forked one may have been ready, and done, when it was killed.
        wait_until(lambda: hearing.codes == ["restarted"])


def test_a_worker_that_hangs_is_killed_and_replaced() -> None:
    with Hearing(ECHO, hang_seconds=1) as hearing:
        pid = hearing.ready_worker()
        os.kill(pid, signal.SIGSTOP)
        hearing.say("a", noise(3))
        hearing.drain()
        assert hearing.texts == {"a": words_of(noise(3))}
        assert hearing.codes == ["restarted"]
        assert not is_alive(pid)


def test_a_worker_without_work_may_be_silent_for_as_long_as_it_likes() -> None:
    with Hearing(ECHO, hang_seconds=1) as hearing:
        pid = hearing.ready_worker()
        hearing.recognizer.begin("a", 0)
        hearing.write(noise(1))
        time.sleep(2.5)
        hearing.recognizer.end("a", SECOND)
        hearing.drain()
        assert hearing.recognizer.worker_pid == pid
        assert not hearing.alerts


@pytest.mark.parametrize(
    "fault", [faulty_engine.SEGFAULT, faulty_engine.RAISE, faulty_engine.HANG, faulty_engine.EXIT]
)
def test_an_utterance_that_fails_once_is_heard_again(fault: int) -> None:
    audio = noise(3, fault=fault + faulty_engine.FAIL_ONCE)
    with Hearing(ECHO, hang_seconds=1) as hearing:
        hearing.say("a", audio)
        hearing.say("b", noise(1))
        hearing.drain()
        assert hearing.texts == {"a": words_of(audio), "b": words_of(noise(1))}
        assert hearing.codes == ["restarted"]


@pytest.mark.parametrize(
    "fault", [faulty_engine.SEGFAULT, faulty_engine.RAISE, faulty_engine.HANG, faulty_engine.EXIT]
)
def test_an_utterance_that_always_fails_is_given_up_and_the_next_ones_go_on(fault: int) -> None:
    with Hearing(ECHO, hang_seconds=1) as hearing:
        hearing.say("before", noise(1))
        hearing.say("poison", noise(3, fault=fault))
        hearing.say("after", noise(2))
        hearing.drain()
        assert list(hearing.texts) == ["before", "poison", "after"]
        assert hearing.texts["poison"] == ""
        assert hearing.texts["after"] == words_of(noise(2))
        assert hearing.codes == ["restarted"] * 3 + ["gave-up"]
        if fault == faulty_engine.RAISE:
            assert "this engine was asked to fail" in hearing.alerts[-1][2]


def test_an_utterance_given_up_while_it_goes_on_is_final_when_it_ends() -> None:
    with Hearing(ECHO) as hearing:
        hearing.recognizer.begin("poison", 0)
        hearing.write(noise(2, fault=faulty_engine.SEGFAULT))
        wait_until(lambda: "gave-up" in hearing.codes)
        assert not hearing.finals
        hearing.recognizer.end("poison", SECOND)
        hearing.say("after", noise(1))
        hearing.drain()
        assert hearing.texts == {"poison": "", "after": words_of(noise(1))}


def test_ten_kills_are_not_the_fault_of_the_utterance() -> None:
    audio = noise(2)
    with Hearing(ECHO) as hearing:
        hearing.recognizer.begin("a", 0)
        hearing.write(audio)
        for kill in range(10):
            os.kill(hearing.ready_worker(), signal.SIGKILL)
            wait_until(lambda: len(hearing.alerts) > kill)  # noqa: B023
        hearing.recognizer.end("a", len(audio))
        hearing.drain()
        assert hearing.texts == {"a": words_of(audio)}


def test_half_a_message_counts_as_nothing() -> None:
    with Hearing("tests.speech.faulty_engine:ChattyAtDeath") as hearing:
        hearing.say("a", noise(1))
        hearing.drain()
        assert hearing.texts == {"a": words_of(noise(1))}


def test_an_engine_that_cannot_start_yields_empty_finals_and_one_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("voicestand.speech.starts.RETRY_SECONDS", 0.5)
    with Hearing("tests.speech.faulty_engine:CannotStart") as hearing:
        hearing.say("a", noise(1))
        hearing.drain()
        assert not hearing.recognizer.wait_ready(PATIENCE)
        hearing.say("b", noise(1))
        hearing.drain()
        time.sleep(1)
        assert hearing.texts == {"a": "", "b": ""}
        assert hearing.codes == ["unavailable"]
        assert "the model is not there" in hearing.alerts[0][2]
        (tmp_path / "mark").touch()
        wait_until(lambda: hearing.codes == ["unavailable", "recovered"])
        hearing.say("c", noise(1))
        hearing.drain()
        assert hearing.texts["c"] == words_of(noise(1))


def test_a_file_waits_for_room_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHO_PACE", "0.02")
    with Hearing(ECHO, backlog_seconds=10) as hearing:
        full = hearing.recognizer.room()
        for number in range(20):
            assert hearing.recognizer.wait_for_room(5 * SECOND, PATIENCE)
            hearing.say(str(number), noise(5, seed=number))
        assert hearing.recognizer.room() < full
        hearing.drain()
        assert hearing.texts == {str(n): words_of(noise(5, seed=n)) for n in range(20)}
        assert not hearing.alerts
        assert not hearing.recognizer.wait_for_room(full + 1, 0)


def test_live_speech_beyond_the_backlog_is_finalized_and_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ECHO_PACE", "0.2")
    with Hearing(ECHO, backlog_seconds=10) as hearing:
        hearing.ready_worker()
        for number in range(12):
            hearing.say(str(number), noise(5, seed=number))
        hearing.drain()
        lost = hearing.codes.count("overrun")
        assert list(hearing.texts) == [str(n) for n in range(12)]
        assert lost >= 1
        right = [n for n in range(12) if hearing.texts[str(n)] == words_of(noise(5, seed=n))]
        assert len(right) + lost == 12
        assert set(hearing.codes) == {"overrun"}


def test_an_utterance_that_begins_before_what_is_kept_is_told() -> None:
    with Hearing(ECHO) as hearing:
        hearing.write(noise(60))
        hearing.recognizer.begin("a", 0)
        hearing.recognizer.end("a", hearing.recognizer.head)
        hearing.drain()
        assert hearing.finals[0].start > 60 * SECOND - LOOKBACK - 3 * SECOND
        assert hearing.codes == ["audio-missing"]


def test_partials_give_way_when_recognition_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHO_PACE", "0.05")
    with Hearing(ECHO) as hearing:
        hearing.ready_worker()
        hearing.recognizer.begin("a", 0)
        hearing.write(noise(20), block=20 * SECOND)
        wait_until(lambda: hearing.partials)
        hearing.recognizer.end("a", 20 * SECOND)
        hearing.drain()
        # With all of the audio there at once, only its last second is worth a partial.
        assert len(hearing.partials) <= 4
        assert int(hearing.partials[0].text.split()[0]) >= 19 * SECOND - 3200
        assert hearing.texts == {"a": words_of(noise(20))}


def test_ten_restarts_leak_no_descriptor_and_no_process() -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = descriptors()
    with Hearing(ECHO) as hearing:
        hearing.ready_worker()
        running = descriptors()
        pids = []
        for kill in range(10):
            pids.append(hearing.ready_worker())
            os.kill(pids[-1], signal.SIGKILL)
            wait_until(lambda: len(hearing.alerts) > kill)  # noqa: B023
        pids.append(hearing.ready_worker())
        assert descriptors() == running
        assert len(set(pids)) == 11
    assert descriptors() == before
    # Gone altogether: not even a zombie is left.
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_close_in_mid_speech_ends_the_worker_and_the_thread() -> None:
    threads = threading.active_count()
    with Hearing(ECHO) as hearing:
        pid = hearing.ready_worker()
        hearing.recognizer.begin("a", 0)
        hearing.write(noise(2))
    assert not is_alive(pid)
    assert threading.active_count() == threads
    assert not hearing.finals
    hearing.recognizer.close()
    with pytest.raises(RuntimeError):
        hearing.write(noise(1))


PARENT = """
import sys, time
from tests.speech.hearing import Hearing
Hearing.forks = sys.argv[1] == "True"
with Hearing("tests.speech.faulty_engine:Echo") as hearing:
    print(hearing.ready_worker(), *([hearing.template.pid] if Hearing.forks else []), flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("stopped", [False, True])
def test_the_worker_and_its_template_die_with_their_parent(stopped: bool) -> None:
    command = [sys.executable, "-c", PARENT, str(Hearing.forks)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    with parent.stdout:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 1 + Hearing.forks
        for pid in pids if stopped else []:
            os.kill(pid, signal.SIGSTOP)
        parent.kill()
        parent.wait()
    wait_until(lambda: not any(map(is_alive, pids)))


def test_ctrl_c_in_the_terminal_does_not_reach_the_worker() -> None:
    with Hearing(ECHO) as hearing:
        pid = hearing.ready_worker()
        assert os.getsid(pid) == pid != os.getsid(0)
        os.kill(pid, signal.SIGINT)
        hearing.say("a", noise(1))
        hearing.drain()
        assert hearing.recognizer.worker_pid == pid


def test_a_worker_works_in_batches_while_it_is_told_to_and_hears_the_same() -> None:
    audio = noise(12)
    with Hearing("tests.speech.faulty_engine:Seconds", partial_interval=0.1) as hearing:
        hearing.ready_worker()
        hearing.recognizer.batch(2.0)
        hearing.recognizer.begin("a", 0)
        for at in range(0, 6 * SECOND, SECOND // 10):
            hearing.write(audio[at : at + SECOND // 10])
            time.sleep(0.005)
        # The partial says how many samples the engine has heard.
        wait_until(lambda: any(int(p.text.split()[0]) >= 4 * SECOND for p in hearing.partials))
        assert len(hearing.partials) <= 3
        hearing.recognizer.batch(0.0)
        hearing.write(audio[6 * SECOND :])
        hearing.recognizer.end("a", 12 * SECOND)
        hearing.drain()
        assert hearing.texts == {"a": " ".join(str(second) for second in range(12))}


def test_a_worker_that_replaces_another_keeps_to_the_same_cpus() -> None:
    last = {max(os.sched_getaffinity(0))}
    with Hearing(ECHO) as hearing:
        hearing.recognizer.confine(frozenset(last))
        first = hearing.ready_worker()
        wait_until(lambda: os.sched_getaffinity(first) == last)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: hearing.recognizer.worker_pid not in {None, first})
        second = hearing.ready_worker()
        wait_until(lambda: os.sched_getaffinity(second) == last)
        assert os.sched_getaffinity(0) >= last


def test_what_was_said_and_is_not_heard_yet_is_the_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHO_PACE", "0.05")
    with Hearing(ECHO) as hearing:
        assert hearing.recognizer.lag() == 0
        hearing.write(noise(5))
        assert hearing.recognizer.lag() == 0  # nobody spoke
        hearing.say("a", noise(10))
        assert 9 < hearing.recognizer.lag() <= 10
        hearing.recognizer.begin("b", hearing.recognizer.head)
        hearing.write(noise(2))
        assert hearing.recognizer.lag() > 2
        wait_until(lambda: hearing.recognizer.lag() == 0)
        assert list(hearing.texts) == ["a"]


def test_a_final_says_why_the_recognizer_has_no_word_on_it() -> None:
    with Hearing(ECHO) as hearing:
        hearing.say("poison", noise(1, fault=faulty_engine.EXIT))
        hearing.say("b", noise(1))
        hearing.drain()
        assert [final.abandoned for final in hearing.finals] == [Abandoned.GAVE_UP, None]
    with Hearing("tests.speech.faulty_engine:CannotStart") as hearing:
        hearing.say("a", noise(1))
        hearing.drain()
        assert [final.abandoned for final in hearing.finals] == [Abandoned.UNAVAILABLE]


def test_a_worker_that_has_grown_too_much_is_replaced_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("voicestand.speech.worker_memory.REST_SECONDS", 0.0)
    workers = set()
    with Hearing("tests.speech.faulty_engine:Leaky", growth_megabytes=60) as hearing:
        for number in range(9):
            hearing.say(str(number), noise(1, seed=number))
            if number % 2:
                hearing.drain()
                workers.add(hearing.ready_worker())
        hearing.drain()
        assert hearing.texts == {str(n): words_of(noise(1, seed=n)) for n in range(9)}
        assert set(hearing.codes) == {"replaced"}
        assert len(workers) >= 2
