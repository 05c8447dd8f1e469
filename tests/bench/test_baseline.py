"""Noise does not fail a comparison; a third lost does."""

from __future__ import annotations

import json
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bench.records import made

from voicestand.bench.baseline import (
    REPEATS,
    TOLERANCE,
    Baseline,
    Change,
    compare,
    measured,
    read,
    unmatched,
)
from voicestand.bench.record import Record
from voicestand.errors import InputError

TURNS = 60


def run(rng: np.random.Generator, noise: float, *, slower: float = 1.0) -> Record:
    """A run: every turn has log-normal noise, and in every third the machine is busy."""
    ours, peer = (np.exp(rng.normal(0, noise, TURNS)) for _ in range(2))
    busy = np.where(np.arange(TURNS) % 3 == 0, 3.0, 1.0)
    return made((10 * slower * busy * ours).tolist(), (25 * busy * peer).tolist())


def as_baseline(record: Record) -> Baseline:
    return {(record.name, peer): one for peer, one in measured(record).items()}


def change(before: Record, now: Record, tolerance: float = TOLERANCE) -> Change:
    (found,) = compare(as_baseline(before), [now], tolerance)
    return found


def regressed(rng: np.random.Generator, before: Record, noise: float, slower: float) -> bool:
    """What the program decides, measuring again what seems to have regressed."""
    again = (run(rng, noise, slower=slower) for _ in range(1 + REPEATS))
    return all(change(before, now).regressed for now in again)


@settings(max_examples=200)
@given(st.integers(0, 2**32), st.floats(0, 0.5))
def test_pure_noise_is_no_regression(seed: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    assert not regressed(rng, run(rng, noise), noise, slower=1.0)


@settings(max_examples=200)
@given(st.integers(0, 2**32), st.floats(0, 0.06))
def test_code_that_takes_30_percent_longer_is_a_regression(seed: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    assert regressed(rng, run(rng, noise), noise, slower=1.3)


def test_code_that_became_quicker_is_none() -> None:
    rng = np.random.default_rng(1)
    assert not change(run(rng, 0.01), run(rng, 0.01, slower=0.5)).regressed


def test_what_is_tolerated_is_none_however_quiet_the_runs() -> None:
    rng = np.random.default_rng(1)
    before, now = run(rng, 0.001), run(rng, 0.001, slower=1.3)
    assert change(before, now, tolerance=0.2).regressed
    assert not change(before, now, tolerance=0.4).regressed


def test_wilder_runs_are_allowed_more() -> None:
    rng = np.random.default_rng(1)
    allowed = [change(run(rng, noise), run(rng, noise)).noise or 0 for noise in (0.01, 0.2, 0.5)]
    assert allowed[0] == pytest.approx(1 + TOLERANCE)
    assert allowed[0] < allowed[1] < allowed[2]


@pytest.mark.parametrize("turns", [1, 2])
def test_too_few_turns_are_not_compared(turns: int) -> None:
    found = change(made([1.0] * turns, [9.0] * turns), made([9.0] * turns, [1.0] * turns))
    assert (found.noise, found.regressed) == (None, False)


def test_infinite_ratios_are_told_and_not_compared() -> None:
    found = change(made([0.0] * 9, [5.0] * 9), made([1.0] * 9, [5.0] * 9))
    assert (found.before, found.now, found.regressed) == (None, 5.0, False)


def test_only_ratios_that_both_runs_have_are_compared() -> None:
    before = as_baseline(made([1.0] * 9, [2.0] * 9, name="old"))
    now = [made([1.0] * 9, [2.0] * 9, name="new")]
    assert compare(before, now, TOLERANCE) == []
    assert unmatched(before, now) == ["old"]


def test_own_json_is_a_baseline(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    before = run(rng, 0.05)
    claims = [{"name": before.name, "unit": "ms", "ratios": measured(before)}]
    file = tmp_path / "run.json"
    file.write_bytes(msgspec.json.encode({"machine": {"cpu": "any"}, "claims": claims}))
    assert read(file) == as_baseline(before)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no JSON",
        "[]",
        "{}",
        '{"claims": [{"name": "a"}]}',
        '{"claims": [{"name": "a", "ratios": {"b": {"ratio": "two", "parts": []}}}]}',
        '{"claims": [{"name": "a", "ratios": {"b": {"ratio": -1, "parts": []}}}]}',
        '{"claims": [{"name": "a", "ratios": {"b": {"ratio": 1, "parts": [0]}}}]}',
        json.dumps({"claims": [{"name": "a", "ratios": {"b": {"ratio": math.nan, "parts": []}}}]}),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "run.json"
    file.write_text(content)
    with pytest.raises(InputError, match=r"run\.json is no baseline") as refused:
        read(file)
    assert "\n" not in str(refused.value)


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the baseline"):
        read(tmp_path / "none.json")
