"""What a session says about the installation when it begins."""

from __future__ import annotations

from pathlib import Path

from tests.program import Program, events_of, of_kind
from tests.spoken_calls import Recording

from voicestand.events import EngineAlert, SessionStarted


def test_packages_that_overwrite_each_other_are_told_when_a_session_begins(
    program: Program, silence: Recording, tmp_path: Path
) -> None:
    for name in ("onnxruntime", "onnxruntime-openvino"):
        folder = tmp_path / "packages" / f"{name.replace('-', '_')}-1.24.1.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.24.1\n")
    (tmp_path / "packages" / "onnxruntime.py").write_text("")
    done = program(
        *("run", "--input", silence.path, "--pace", "max", "--events", "-"),
        env={"PYTHONPATH": str(tmp_path / "packages")},
    )
    assert done.returncode == 0, done.stderr
    events = events_of(done.stdout)
    assert isinstance(events[0], SessionStarted)
    clash = [alert for alert in of_kind(events, EngineAlert) if alert.code == "packages.clash"]
    assert [alert.severity for alert in clash] == ["warning"]
    assert "onnxruntime-openvino 1.24.1 overwrite each other" in clash[0].message
    assert "uninstall" in clash[0].message
