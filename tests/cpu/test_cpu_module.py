"""``vs.cpu``: what it says, and what it answers to misuse and refusal."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cpu import seccomp
from tests.cpu.machines import heat, machine

import voicestand as vs
from voicestand.cpu.placement import written

REPOSITORY = Path(__file__).resolve().parents[2]


def elsewhere(program: str) -> Any:
    """What a Python process of its own prints, as JSON."""
    head = "import json, os, threading\nfrom voicestand import cpu\nfrom tests.cpu import seccomp\n"
    done = subprocess.run(
        [sys.executable, "-c", head + program],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
        cwd=REPOSITORY,
    )
    return json.loads(done.stdout)


def test_the_module_is_there_without_an_import_of_its_own() -> None:
    assert elsewhere("import voicestand as vs; print(json.dumps(vs.cpu is cpu))")


def test_a_thread_pins_itself_and_nobody_else() -> None:
    before = os.sched_getaffinity(0)
    last = max(before)
    seen: list[set[int]] = []
    thread = threading.Thread(
        target=lambda: seen.extend([vs.cpu.pin([last]), os.sched_getaffinity(0)])
    )
    thread.start()
    thread.join()
    assert seen == [{last}, {last}]
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("cpus", [[], [8000], [-1], [1 << 80]])
def test_cpus_that_are_none_are_named_and_change_nothing(cpus: list[int]) -> None:
    before = os.sched_getaffinity(0)
    with pytest.raises(ValueError, match="CPUs") as caught:
        vs.cpu.pin(cpus)
    assert "\n" not in str(caught.value)
    assert os.sched_getaffinity(0) == before


def test_a_thread_that_does_not_exist_is_said_to_be_missing() -> None:
    with pytest.raises(ProcessLookupError, match="no thread 4194305"):
        vs.cpu.pin(os.sched_getaffinity(0), 4194305)


@pytest.mark.skipif(not seccomp.AVAILABLE, reason="the filter is written for x86-64")
@pytest.mark.parametrize("answer", [errno.EPERM, errno.ENOSYS])
def test_where_nothing_may_be_set_pinning_is_refused_in_words_and_promotion_is_none(
    answer: int,
) -> None:
    refused, granted = elsewhere(
        f"""
seccomp.refuse("sched_setaffinity", "sched_setscheduler", "setpriority", answer={answer})
os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nonexistent"
try:
    refused = cpu.pin(os.sched_getaffinity(0))
except PermissionError as error:
    refused = error.strerror
print(json.dumps([refused, cpu.promote()]))
"""
    )
    assert refused.startswith("this thread may not be pinned to CPUs ")
    assert granted == "none"


@pytest.mark.parametrize("priority", [0, 100, -1, 1 << 40])
def test_a_priority_out_of_range_is_refused(priority: int) -> None:
    with pytest.raises(ValueError, match=f"priority {priority}: give 1 to 99"):
        vs.cpu.promote(priority)


def test_the_temperature_is_that_of_the_package(tmp_path: Path) -> None:
    assert vs.cpu.temperature(tmp_path) is None
    heat(tmp_path, 71.25)
    assert vs.cpu.temperature(tmp_path) == 71.25


def test_a_plan_uses_each_kind_of_core_for_what_it_was_made_for(tmp_path: Path) -> None:
    root = machine(tmp_path, performance=[0, 1, 2], efficiency=[3, 4, 5], low_power=[6, 7])
    assert vs.cpu.topology(root).low_power == [6, 7]
    plan = vs.cpu.plan(realtime=2, background=2, sysroot=root)
    assert plan == vs.cpu.Plan(
        realtime=[[1], [2]],
        background=[3, 4, 5],
        housekeeping=[6, 7],
        thrifty=[3, 4, 5],
        separate=True,
    )
    confined = vs.cpu.plan(realtime=1, background=1, sysroot=root, allowed=[0, 4, 5])
    assert (confined.realtime, confined.background) == ([[0]], [4, 5])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"realtime": -1}, "realtime=-1"),
        ({"background": 5000}, "background=5000"),
        ({"sysroot": "/nonexistent"}, "no such folder: /nonexistent"),
        ({"allowed": [-3]}, "CPU -3"),
    ],
)
def test_a_plan_for_nonsense_is_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        vs.cpu.plan(**arguments)


def test_the_plan_of_this_machine_uses_only_what_this_process_may_use() -> None:
    plan = vs.cpu.plan(realtime=2, background=2)
    for cpus in [*plan.realtime, plan.background, plan.housekeeping, plan.thrifty]:
        assert cpus
        assert set(cpus) <= os.sched_getaffinity(0)


@given(st.sets(st.integers(0, 300)))
def test_a_written_set_of_cpus_is_read_back(cpus: set[int]) -> None:
    text = written(cpus)
    parts = [] if text == "none" else [part.split("-") for part in text.split(",")]
    assert {n for part in parts for n in range(int(part[0]), int(part[-1]) + 1)} == cpus


def test_a_governor_refuses_what_is_no_number() -> None:
    from voicestand._native import ThermalGovernor

    with pytest.raises(ValueError, match="limit of NaN"):
        ThermalGovernor(float("nan"))
    governor = ThermalGovernor()
    for now in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="seconds from 0 on"):
            governor.observe(now, 50.0)
    assert governor.observe(0.0, float("nan")) is None
    assert governor.level == "full"
