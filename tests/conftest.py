"""What the tests of the whole program share: the program, and speech for it to hear."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from tests.program import Program
from tests.spoken_calls import DIALOGUE, LONG_SPEECH, MONOLOGUE, RATE, Recording, perform, write_wav

if TYPE_CHECKING:
    from tests.coach.faulty_model import FaultyModels

# How long an example takes says something about the machine's other work, not about the program.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """The program with a home of its own; what it started is ended with the test."""
    home = tmp_path / "home"
    home.mkdir()
    program = Program.at(home)
    # Else all that run at the same time would meet in one folder of this user's.
    (home / "runtime").mkdir(mode=0o700)
    program.env["XDG_RUNTIME_DIR"] = str(home / "runtime")
    yield program
    program.close()


@pytest.fixture(scope="session")
def models() -> Iterator[FaultyModels]:
    """Language models that behave as planned; each test that asks them makes its plan."""
    from tests.coach.faulty_model import FaultyModels

    models = FaultyModels()
    yield models
    models.close()


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the recordings below."""
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture(scope="session")
def monologue(recordings: Path) -> Recording:
    """Mono: three utterances of one speaker, with pauses; about 13 s."""
    return perform(recordings / "monologue.wav", MONOLOGUE)


@pytest.fixture(scope="session")
def dialogue(recordings: Path) -> Recording:
    """Two channels, two utterances each, one of which begins before the other's ends."""
    return perform(recordings / "dialogue.wav", DIALOGUE)


@pytest.fixture(scope="session")
def long_speech(recordings: Path) -> Recording:
    """Mono: one speech without a pause, about 20 s; it ends with the file."""
    return perform(recordings / "long-speech.wav", LONG_SPEECH, after=0.0)


@pytest.fixture(scope="session")
def silence(recordings: Path) -> Recording:
    """Mono: three seconds of nothing."""
    import numpy as np

    path = recordings / "silence.wav"
    write_wav(path, [np.zeros(3 * RATE, np.int16)])
    return Recording(path, (), 3 * RATE, [])
