"""Spooled audio: wherever its writer was killed, what is there is a beginning of the utterance."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicestand.audio import load
from voicestand.config import AudioSettings
from voicestand.journal import spool
from voicestand.journal.spool import HEADER, About, SpoolFile

SESSION = "0193-first"

ABOUT = About(session=SESSION, channel="self", utterance="self-1", start=800, speech_start=1600)

PCM = np.random.default_rng(7).integers(-30_000, 30_000, 150).astype(np.int16)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def folder(journal: Path) -> Path:
    return spool.make_folder(journal, SESSION)


def written(folder: Path, about: About = ABOUT) -> Path:
    """A whole utterance, as the program writes it."""
    file = SpoolFile(folder, about)
    for part in np.array_split(PCM, 4):
        file.append(part)
    done = msgspec.structs.replace(about, speech_end=about.start + 120)
    file.finish(done, about.start + len(PCM))
    file.close()
    return file.path


def test_wherever_a_file_was_cut_it_holds_a_beginning(folder: Path) -> None:
    whole = written(folder).read_bytes()
    path = folder / "self-1.wav"
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        found = spool.find(folder)
        if cut < HEADER:
            assert found == []
            continue
        (one,) = found
        assert one.samples == (cut - HEADER) // 2
        np.testing.assert_array_equal(spool.audio(one), PCM[: one.samples])
        assert one.end == min(ABOUT.start + 120, ABOUT.start + one.samples)


def test_after_every_step_of_writing_there_is_a_beginning(folder: Path, tmp_path: Path) -> None:
    file = SpoolFile(folder, ABOUT)
    rest = PCM
    for length in range(1, 16):
        file.append(rest[:length])
        rest = rest[length:]
        (one,) = spool.find(folder)
        np.testing.assert_array_equal(spool.audio(one), PCM[: len(PCM) - len(rest)])
    heard = len(PCM) - len(rest)
    file.finish(msgspec.structs.replace(ABOUT, speech_end=ABOUT.start + 50), ABOUT.start + 70)
    (one,) = spool.find(folder)
    assert (heard > 70, one.samples, one.end) == (True, 70, ABOUT.start + 50)
    file.close()


def test_any_player_plays_it_while_it_grows_and_when_it_is_kept(
    folder: Path, journal: Path
) -> None:
    file = SpoolFile(folder, ABOUT)
    file.append(PCM)
    without_filters = AudioSettings(high_pass_hz=0)
    growing = load(file.path, without_filters).samples
    file.close()
    spool.keep(file.path, journal)
    kept = journal.parent / spool.kept_name(SESSION, "self-1")
    for heard in (growing, load(kept, without_filters).samples):
        np.testing.assert_array_equal(np.rint(heard[0] * 32768), PCM)
    assert not file.path.exists()


def test_files_are_for_the_user_alone(folder: Path, journal: Path) -> None:
    before = os.umask(0)
    try:
        path = written(folder)
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (path, folder, folder.parent)]
    assert modes == [0o600, 0o700, 0o700]
    spool.keep(path, journal)
    kept = journal.parent / spool.kept_name(SESSION, "self-1")
    assert [stat.S_IMODE(each.stat().st_mode) for each in (kept, kept.parent)] == [0o600, 0o700]


def test_erased_audio_is_overwritten(folder: Path, tmp_path: Path) -> None:
    path = written(folder)
    (tmp_path / "link").hardlink_to(path)
    spool.erase(path)
    assert not path.exists()
    assert not any((tmp_path / "link").read_bytes())
    spool.erase(path)


def test_only_one_program_gets_a_session(folder: Path) -> None:
    with spool.claimed(folder) as first:
        with spool.claimed(folder) as second:
            assert (first, second) == (True, False)
        with spool.claimed(folder) as third:
            assert not third
    with spool.claimed(folder) as later:
        assert later


def test_what_is_no_file_of_ours_is_left_alone(folder: Path, tmp_path: Path) -> None:
    whole = written(folder).read_bytes()
    (tmp_path / "elsewhere.wav").write_bytes(whole)
    (folder / "self-1.wav").unlink()
    (folder / "self-1.wav").symlink_to(tmp_path / "elsewhere.wav")
    (folder / "self-2.wav").write_bytes(whole)  # says that it is self-1
    os.mkfifo(folder / "self-3.wav")
    (folder / "self-4.wav").mkdir()
    assert spool.find(folder) == []
    assert spool.find(folder.parent / "absent") == []


@settings(max_examples=200)
@given(
    st.one_of(
        st.binary(max_size=2 * HEADER),
        st.builds(
            lambda at, new: (at, new),
            st.integers(0, HEADER + 40),
            st.binary(min_size=1, max_size=9),
        ),
    )
)
def test_hostile_bytes_say_nothing_or_something_possible(
    tmp_path_factory: pytest.TempPathFactory, hostile: bytes | tuple[int, bytes]
) -> None:
    folder = spool.make_folder(tmp_path_factory.mktemp("hostile") / "journal", SESSION)
    path = written(folder)
    if isinstance(hostile, tuple):
        at, new = hostile
        whole = path.read_bytes()
        path.write_bytes(whole[:at] + new + whole[at + len(new) :])
    else:
        path.write_bytes(hostile)
    for one in spool.find(folder):
        assert (one.about.session, one.about.utterance) == (SESSION, "self-1")
        assert one.about.start >= 0
        assert one.about.attempts >= 0
        assert one.end >= 0
        assert len(spool.audio(one)) == one.samples
        spool.note_attempts(one, one.about.attempts + 1)
