"""Workers are forked from a template: it saves memory and time, and nothing depends on it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.program import WORKER, command_line, descendants, is_alive, name_of, wait_until
from tests.speech.faulty_engine import words_of
from tests.speech.hearing import REPOSITORY, Hearing
from tests.speech.test_recognizer_faults import ECHO, noise

from voicestand.config import SpeechSettings
from voicestand.speech.recognizer import FinalResult, Recognizer
from voicestand.speech.template_process import ANSWER_SECONDS, Template


@pytest.fixture(autouse=True)
def forked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("FAULT_MARK", str(tmp_path / "mark"))
    monkeypatch.setattr(Hearing, "forks", True)


def template_of(hearing: Hearing) -> int:
    assert hearing.template is not None
    pid = hearing.template.pid
    assert pid is not None
    return pid


def is_forked(worker: int) -> bool:
    return "voicestand.speech.template" in command_line(worker)


def next_template(hearing: Hearing, before: int) -> int:
    template = hearing.template
    assert template is not None
    wait_until(lambda: template.pid not in {None, before} and not template.loading, "a template")
    return template_of(hearing)


def test_a_worker_is_a_fork_of_the_template_and_a_child_of_ours() -> None:
    with Hearing(ECHO) as hearing:
        worker = hearing.ready_worker()
        assert is_forked(worker)
        assert name_of(worker) == WORKER
        assert worker in descendants(os.getpid())
        assert not descendants(template_of(hearing))


def test_workers_share_the_model_that_their_template_loaded() -> None:
    def proportional(pid: int) -> float:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return next(int(x.split()[1]) / 1024 for x in rollup.splitlines() if x.startswith("Pss:"))

    with two_channels("tests.speech.faulty_engine:Heavy") as (template, recognizers):
        pids = [template.pid, *(one.worker_pid for one in recognizers)]
        # Apart they would take three times 64 MB, and what an interpreter takes.
        assert sum(proportional(pid) for pid in pids if pid) < 2 * 64


@contextmanager
def two_channels(engine: str) -> Iterator[tuple[Template, list[Recognizer]]]:
    template = Template(engine)
    finals: list[FinalResult] = []
    recognizers = [
        Recognizer(
            channel,
            SpeechSettings(),
            on_partial=lambda _: None,
            on_final=finals.append,
            on_alert=lambda *_: None,
            engine_path=engine,
            template=template,
        )
        for channel in ("self", "other")
    ]
    template.start()
    for one in recognizers:
        one.start()
    assert all(one.wait_ready(60) for one in recognizers)
    yield template, recognizers
    for one in recognizers:
        one.close()
    template.close()


def test_a_template_that_is_killed_takes_no_worker_with_it_and_is_replaced() -> None:
    with Hearing(ECHO) as hearing:
        worker, template = hearing.ready_worker(), template_of(hearing)
        hearing.recognizer.begin("a", 0)
        hearing.write(noise(1))
        os.kill(template, signal.SIGKILL)
        next_template(hearing, template)
        hearing.recognizer.end("a", 16_000)
        hearing.drain()
        assert hearing.recognizer.worker_pid == worker
        assert not hearing.alerts
        os.kill(worker, signal.SIGKILL)
        hearing.say("b", noise(2))
        hearing.drain()
        assert is_forked(hearing.ready_worker())
        assert hearing.texts == {"a": words_of(noise(1)), "b": words_of(noise(2))}


def test_template_and_worker_killed_at_once_are_both_replaced() -> None:
    with Hearing(ECHO) as hearing:
        worker, template = hearing.ready_worker(), template_of(hearing)
        os.kill(template, signal.SIGKILL)
        os.kill(worker, signal.SIGKILL)
        hearing.say("a", noise(1))
        hearing.drain()
        assert hearing.texts == {"a": words_of(noise(1))}
        assert hearing.codes == ["restarted"]
        next_template(hearing, template)


def test_a_template_that_does_not_answer_is_killed_and_replaced() -> None:
    with Hearing(ECHO) as hearing:
        worker, template = hearing.ready_worker(), template_of(hearing)
        os.kill(template, signal.SIGSTOP)
        os.kill(worker, signal.SIGKILL)
        hearing.say("a", noise(1))
        hearing.drain()
        assert is_forked(hearing.ready_worker())
        assert not is_alive(template)
        assert hearing.texts == {"a": words_of(noise(1))}
        assert hearing.finals[0].started - hearing.finals[0].asked > ANSWER_SECONDS / 2


def test_a_template_killed_while_it_loads_does_not_keep_workers_waiting() -> None:
    with Hearing(ECHO) as hearing:
        wait_until(lambda: hearing.template and hearing.template.pid, "a template")
        os.kill(template_of(hearing), signal.SIGKILL)
        hearing.say("a", noise(1))
        hearing.drain()
        assert hearing.texts == {"a": words_of(noise(1))}
        assert not hearing.alerts


def test_a_template_that_cannot_load_leaves_it_to_workers_to_say_why(tmp_path: Path) -> None:
    with Hearing("tests.speech.faulty_engine:CannotStart") as hearing:
        hearing.say("a", noise(1))
        wait_until(lambda: hearing.template and not hearing.template.loading, "the end of hope")
        (tmp_path / "mark").touch()
        assert not is_forked(hearing.ready_worker())
        hearing.drain()
        assert hearing.texts == {"a": words_of(noise(1))}


def test_a_worker_of_which_its_template_could_not_tell_is_not_left_behind(tmp_path: Path) -> None:
    with Hearing("tests.speech.faulty_engine:DyingTemplate") as hearing:
        hearing.say("a", noise(1))
        hearing.drain()
        assert hearing.texts == {"a": words_of(noise(1))}
        untold = int((tmp_path / "mark").read_text())
        assert untold != hearing.ready_worker()
        assert not Path(f"/proc/{untold}").exists()


def test_an_engine_that_has_threads_is_never_forked() -> None:
    with Hearing("tests.speech.faulty_engine:Threaded") as hearing:
        for _ in range(2):
            worker = hearing.ready_worker()
            assert not is_forked(worker)
            assert hearing.template
            assert hearing.template.pid is None
            os.kill(worker, signal.SIGKILL)
            wait_until(lambda: hearing.recognizer.worker_pid not in {None, worker})  # noqa: B023


def test_nothing_is_left_when_all_is_closed() -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = descriptors()
    with Hearing(ECHO) as hearing:
        pids = [hearing.ready_worker(), template_of(hearing)]
        os.kill(pids[1], signal.SIGKILL)
        pids.append(next_template(hearing, pids[1]))
    assert descriptors() == before
    # Gone altogether: not even a zombie is left.
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
