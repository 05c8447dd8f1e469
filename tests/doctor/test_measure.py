"""What ``doctor --measure`` says of a device."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from voicestand.doctor import measure
from voicestand.doctor.measure import PACKAGE, Cost, Energy, Hearing
from voicestand.vad.silero import SileroVad


@pytest.fixture
def sysroot(tmp_path: Path) -> Path:
    folder = tmp_path / PACKAGE
    folder.mkdir(parents=True)
    (folder / "max_energy_range_uj").write_text("262143328850\n")
    (folder / "energy_uj").write_text("262143000000\n")
    return tmp_path


def test_energy_is_counted_over_the_counter_s_new_beginning(sysroot: Path) -> None:
    energy = Energy(sysroot)
    before = energy.joules()
    assert before == pytest.approx(262143.0)
    (sysroot / PACKAGE / "energy_uj").write_text("1000000\n")
    assert energy.since(before) == pytest.approx(1.0 + 0.328850)


def test_energy_that_nobody_may_read_is_not_known(tmp_path: Path) -> None:
    energy = Energy(tmp_path)
    assert energy.joules() is None
    assert energy.since(None) is None


def test_power_is_told_beside_that_of_an_idle_package() -> None:
    found = Cost([0.001] * 99 + [0.004], 0.064, 3.2, 8.0, 0.25)
    assert measure.told(found, 2.0) == (
        "1.00 ms a window, p99 1.00 ms; 2.0% of a core; +0.50 W beside 2.00 W idle; "
        "within 0.250 of the CPU's probabilities"
    )
    assert "power unknown" in measure.told(found, None)


def test_a_cpu_standing_in_for_an_npu_is_measured_in_its_own_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "WINDOW_SECONDS", 0.001)
    cpu = SileroVad("CPU")
    windows = measure.some_windows()
    stream = cpu.stream()
    expected = np.array([stream(window) for window in windows])
    assert expected.max() > 0.5  # it would be speech
    check = measure.elsewhere("CPU", cpu, Hearing(windows, expected, Energy(tmp_path)), None)
    assert check.status == "ok"
    assert re.search(r"ms a window.*% of a core.*within 0\.000 of", check.message)


def test_a_device_that_is_not_there_is_a_warning(tmp_path: Path) -> None:
    check = measure.elsewhere(
        "GPU.7", SileroVad("CPU"), Hearing([], np.zeros(0), Energy(tmp_path)), None
    )
    assert (check.status, "GPU.7" in check.message) == ("warning", True)
