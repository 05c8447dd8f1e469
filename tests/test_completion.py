"""Shell completion, in a real bash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.made_events import started

from voicestand.journal import Journal

COMPLETE = """
eval "$(voicestand --show-completion bash)"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
$(complete -p voicestand | sed 's/.*-F \\([^ ]*\\).*/\\1/') voicestand
printf '%s\\n' "${COMPREPLY[@]}"
"""


def _complete(home: Path, *words: str) -> list[str]:
    """What bash offers after ``voicestand`` and these words; no error may disturb the line."""
    programs = home / "bin"
    programs.mkdir(exist_ok=True)
    script = programs / "voicestand"
    script.write_text(f"#!{sys.executable}\nfrom voicestand.cli import main\nmain()\n")
    script.chmod(0o755)
    environ = {name: value for name, value in os.environ.items() if name[:4] != "XDG_"}
    environ |= {"HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-c", COMPLETE, "bash", "voicestand", *words],
        capture_output=True,
        text=True,
        env=environ,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return [line for line in done.stdout.split("\n") if line]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with Journal.open(tmp_path / ".local" / "share" / "voicestand") as journal:
        for session in ("0193-first", "0194-second"):
            journal.begin(started(session))
    return tmp_path


def test_bash_completes_commands_options_choices_and_session_ids(home: Path) -> None:
    assert {"config", "sessions"} <= set(_complete(home, ""))
    assert _complete(home, "sess") == ["sessions"]
    sessions = ["list", "recover", "show", "search", "export", "delete"]
    assert _complete(home, "sessions", "") == sessions
    assert _complete(home, "sessions", "export", "--o") == ["--output"]
    formats = ["txt", "srt", "vtt", "json", "md", "csv"]
    assert _complete(home, "sessions", "export", "--format", "") == formats
    assert _complete(home, "sessions", "show", "") == ["0194-second", "0193-first"]
    assert _complete(home, "sessions", "export", "0193") == ["0193-first"]


def test_broken_journal_or_settings_leave_the_command_line_alone(home: Path) -> None:
    (home / ".local" / "share" / "voicestand" / "journal.sqlite3").write_text("garbage\n" * 1000)
    assert _complete(home, "sessions", "show", "") == []
    (home / ".config" / "voicestand").mkdir(parents=True)
    (home / ".config" / "voicestand" / "config.toml").write_text("[audoi]\n")
    assert _complete(home, "sessions", "show", "") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_the_shell_that_is_named(shell: str) -> None:
    program = [sys.executable, "-c", "from voicestand.cli import main; main()"]
    done = subprocess.run(
        [*program, "--show-completion", shell], capture_output=True, text=True, check=True
    )
    assert f"_VOICESTAND_COMPLETE=complete_{shell}" in done.stdout
