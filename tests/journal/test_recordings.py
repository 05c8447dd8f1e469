"""Recorded audio: for the user alone, playable up to a cut, gone with its session or its time."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from voicestand import journal
from voicestand.journal import Journal, recordings
from voicestand.journal.flac import FlacWriter

if TYPE_CHECKING:
    from tests.journal.conftest import Call

RATE = 16_000


def play(path: Path) -> NDArray[np.float64]:
    """The samples, 1 = full scale, of as much as a player understands."""
    heard = [np.zeros(0)]
    with av.open(str(path)) as container:
        try:
            for frame in container.decode(audio=0):
                heard.append(frame.to_ndarray().ravel() / 32767)
        except av.FFmpegError:
            pass  # the cut
    return np.concatenate(heard)


def _tone(seconds: float) -> NDArray[np.float32]:
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.4 * np.sin(2 * np.pi * 440 * time) * np.sin(3 * time)).astype(np.float32)


def test_what_is_recorded_is_played_back(tmp_path: Path) -> None:
    tone = _tone(3)
    tone[100] = 1.5
    writer = FlacWriter(tmp_path / "self.flac")
    for window in np.array_split(tone, 23):
        writer.write(window)
    writer.close()
    heard = play(tmp_path / "self.flac")
    assert heard.shape == tone.shape
    np.testing.assert_allclose(heard, np.clip(tone, -1, 1), atol=1 / 32767)


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9, 1.0])
def test_recording_of_a_killed_process_is_played_up_to_the_cut(tmp_path: Path, cut: float) -> None:
    tone = _tone(20)
    writer = FlacWriter(tmp_path / "self.flac")
    for window in np.array_split(tone, 80):
        writer.write(window)
    shutil.copy(tmp_path / "self.flac", tmp_path / "cut.flac")  # as it is on disk, never closed
    writer.close()
    size = round((tmp_path / "cut.flac").stat().st_size * cut)
    os.truncate(tmp_path / "cut.flac", size)
    heard = play(tmp_path / "cut.flac")
    assert heard.size > (20 * cut - 2) * RATE
    np.testing.assert_allclose(heard, tone[: heard.size], atol=1 / 32767)


def test_only_the_user_can_play_a_recording(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = recordings.make_folder(tmp_path / "journal.sqlite3", "0193-first")
        FlacWriter(folder / "self.flac").close()
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in sorted((tmp_path).rglob("*"))]
    assert modes == [0o700, 0o700, 0o600]


def _recording(folder: Path, session: str) -> Path:
    path = recordings.make_folder(folder / "journal.sqlite3", session) / "self.flac"
    path.write_bytes(b"fLaC" * 1000)
    return path


def test_recording_goes_with_its_session(tmp_path: Path, call: Call, another_call: Call) -> None:
    with Journal.open(tmp_path) as book:
        for each in (call, another_call):
            book.begin(each.started())
    gone, kept = _recording(tmp_path, call.session), _recording(tmp_path, another_call.session)
    os.link(gone, tmp_path / "the-same-bytes")
    journal.delete([call.session], tmp_path)
    assert not gone.parent.exists()
    assert kept.is_file()
    assert (tmp_path / "the-same-bytes").read_bytes().strip(b"\0") == b""


def test_recording_that_a_delete_did_not_reach_goes_with_the_next_writer(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Journal.open(tmp_path) as book:
        book.begin(call.started())
    gone = _recording(tmp_path, call.session)
    with monkeypatch.context() as patch:
        patch.setattr("voicestand.journal.erasure._erase", lambda connection, path: None)
        journal.delete([call.session], tmp_path)
    assert gone.is_file()
    Journal.open(tmp_path).close()
    assert not gone.parent.exists()


def test_recording_is_erased_when_its_time_is_over(tmp_path: Path) -> None:
    old, new = _recording(tmp_path, "old"), _recording(tmp_path, "new")
    eight_days_ago = new.stat().st_mtime - 8 * 86400
    for path in (old, old.parent, new.parent):
        os.utime(path, (eight_days_ago, eight_days_ago))
    recordings.expire(tmp_path / "journal.sqlite3", 0)
    recordings.expire(tmp_path / "journal.sqlite3", 9)
    assert old.is_file()
    recordings.expire(tmp_path / "journal.sqlite3", 7)
    assert not old.parent.exists()
    assert new.is_file()
