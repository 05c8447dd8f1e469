"""What the README and the guide for embedders show works as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from voicestand.demo import recording

README = Path(__file__).parents[1] / "README.md"
GUIDE = README.parent / "docs" / "embedding.md"
EXAMPLES = [
    pytest.param(example, id=f"{page.name}-{n}")
    for page in (README, GUIDE)
    for n, example in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_run(example: str, tmp_path: Path) -> None:
    shutil.copy(recording(), tmp_path / "call.wav")
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_every_command_of_the_readme_exists() -> None:
    commands = re.findall(r"^\| `(.*?)` \|", README.read_text(), re.MULTILINE)
    names = {word for text in commands for word in re.findall(r"(?:^|`, `)([a-z]+)", text)}
    assert len(names) >= 9
    for name in names:
        done = subprocess.run(
            [sys.executable, "-c", "from voicestand.cli import main; main()", name, "--help"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{name}: {done.stderr}"
