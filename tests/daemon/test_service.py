"""The systemd unit, and the commands around it. No systemd of a user runs in a container: a
stand-in takes its tool's place and writes down what it is asked."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.program import EXECUTABLE, Program

from voicestand.daemon import service
from voicestand.daemon.unit import NAME, unit
from voicestand.errors import VoicestandError

COMMAND = [str(EXECUTABLE), "run", "--daemon"]

_STAND_IN = """#!/bin/sh
echo "$@" >>"$HOME/asked"
case "$*" in
  *--property=LoadState*) cat "$HOME/shown" ;;
esac
"""

_RUNNING = """LoadState=loaded
UnitFileState=enabled
ActiveState=active
SubState=running
MainPID=4711
StatusText=listening
"""
_UNKNOWN = """LoadState=not-found
UnitFileState=
ActiveState=inactive
SubState=dead
MainPID=0
StatusText=
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a user whose service manager does whatever it is asked."""
    tool = tmp_path / "bin" / "systemctl"
    tool.parent.mkdir()
    tool.write_text(_STAND_IN)
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path


def asked(home: Path) -> list[str]:
    lines = (home / "asked").read_text().splitlines()
    return [line.removeprefix("--user --no-pager ") for line in lines]


def written(home: Path) -> Path:
    return home / ".config" / "systemd" / "user" / NAME


def parsed(text: str) -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None)
    found.optionxform = str  # type: ignore[assignment, method-assign]
    found.read_string(text)
    return found


def test_the_unit_is_told_when_it_is_ready_and_watched() -> None:
    service = parsed(unit(COMMAND))["Service"]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) > 0
    assert service["Restart"] == "on-failure"
    assert service["KillMode"] == "mixed"
    assert service["ExecStart"] == f'"{EXECUTABLE}" "run" "--daemon"'


def test_the_unit_hides_neither_sound_nor_accelerators_nor_files() -> None:
    service = parsed(unit(COMMAND))["Service"]
    assert service["NoNewPrivileges"] == "yes"
    hiding = {"PrivateDevices", "DevicePolicy", "ProtectHome", "ProtectSystem", "PrivateUsers"}
    assert not hiding & set(service)
    assert not {"RestrictRealtime", "MemoryDenyWriteExecute"} & set(service)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text(unit([*COMMAND, "--system-audio"]))
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", "--man=no", str(path)],
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@settings(max_examples=100)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=20))
def test_any_path_is_one_word_of_the_command(path: str) -> None:
    (line,) = [line for line in unit([path, "run"]).split("\n") if line.startswith("ExecStart=")]
    quoted = line.removeprefix("ExecStart=")
    assert quoted.endswith('" "run"')
    inside = quoted[1 : -len('" "run"')]
    for escaped in ("\\\\", '\\"', "%%", "$$", "\\n"):
        inside = inside.replace(escaped, "")
    assert not set(inside) & set('\\"%$\n')


def test_install_writes_the_unit_and_starts_it(home: Path) -> None:
    for command in (COMMAND, [*COMMAND, "--system-audio"]):
        service.install(command)
        assert written(home).read_text() == unit(command)
        assert asked(home)[-3:] == ["daemon-reload", f"enable {NAME}", f"restart {NAME}"]


def test_remove_stops_it_and_may_be_repeated(home: Path) -> None:
    service.install(COMMAND)
    for _ in range(2):
        service.remove()
        assert not written(home).exists()
    assert asked(home).count(f"disable --now {NAME}") == 1


def test_status_says_what_systemd_knows(home: Path) -> None:
    (home / "shown").write_text(_RUNNING)
    path = str(written(home))
    assert service.status() == service.ServiceStatus(
        unit=path, installed=True, enabled=True, active="active", pid=4711, doing="listening"
    )
    (home / "shown").write_text(_UNKNOWN)
    assert service.status() == service.ServiceStatus(
        unit=path, installed=False, enabled=False, active="inactive", pid=None, doing=""
    )


def test_the_commands_say_what_they_did(home: Path) -> None:
    program = Program.at(home)
    done = program("service", "install", "--system-audio")
    assert (done.returncode, done.stderr) == (0, "")
    assert written(home).read_text() == unit([*COMMAND, "--system-audio"])
    (home / "shown").write_text(_RUNNING)
    done = program("service", "status")
    assert done.stdout.startswith("active (process 4711): listening; started with every login")
    (home / "shown").write_text(_UNKNOWN)
    done = program("service", "status")
    assert (done.returncode, done.stdout) == (1, "not installed: voicestand service install\n")


@pytest.mark.parametrize("ask", [lambda: service.install(COMMAND), service.status])
def test_without_a_systemd_it_is_said_what_works(
    ask: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(VoicestandError, match=r"systemd of this user.*voicestand run --daemon"):
        ask()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VoicestandError, match=r"no systemd here.*voicestand run --daemon"):
        ask()
    assert not written(tmp_path).exists()
