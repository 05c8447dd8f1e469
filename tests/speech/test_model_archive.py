"""An archive from a stranger unpacks to plain files in its folder, or is refused."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestand.errors import ModelError
from voicestand.speech.models import archive
from voicestand.speech.models.archive import unpack

Make = Callable[[Path, dict[str, bytes]], Path]


def tar(path: Path, files: dict[str, bytes], *special: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:bz2") as file:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
        for info in special:
            file.addfile(info)
    return path


def zip_(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def unpacked(source: Path) -> dict[str, bytes]:
    target = source.with_name("target")
    unpack(source, target)
    return {
        str(path.relative_to(target)): path.read_bytes()
        for path in target.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("make", [tar, zip_])
def test_files_unpack_without_the_one_folder_they_are_in(tmp_path: Path, make: Make) -> None:
    files = {"model/weights.bin": b"w" * 1000, "model/test/a.txt": b"a", "model/empty": b""}
    assert unpacked(make(tmp_path / "model.archive", files)) == {
        name.removeprefix("model/"): content for name, content in files.items()
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.archive", "target"]


@pytest.mark.parametrize("make", [tar, zip_])
@pytest.mark.parametrize(
    "name", ["../out", "a/../../out", "/tmp/out", "..", "a\\..\\out", "a/b/../../../out"]
)
def test_a_path_that_leads_out_is_refused(tmp_path: Path, make: Make, name: str) -> None:
    source = make(tmp_path / "model.archive", {"ok": b"", name: b"gotcha"})
    with pytest.raises(ModelError, match="leads out of the folder"):
        unpack(source, tmp_path / "target")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "special",
    [
        link("out", "/etc", tarfile.SYMTYPE),
        link("out", "inside", tarfile.SYMTYPE),
        link("out", "ok", tarfile.LNKTYPE),
        link("out", "", tarfile.FIFOTYPE),
        link("out", "", tarfile.CHRTYPE),
    ],
    ids=["link out", "link in", "hard link", "pipe", "device"],
)
def test_links_and_devices_are_refused(tmp_path: Path, special: tarfile.TarInfo) -> None:
    with pytest.raises(ModelError, match="a link or a device"):
        unpack(tar(tmp_path / "model.tar", {"ok": b""}, special), tmp_path / "target")


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("out")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as file:
        file.writestr(info, "/etc")
    with pytest.raises(ModelError, match="a link or a device"):
        unpack(tmp_path / "model.zip", tmp_path / "target")


@pytest.mark.parametrize("make", [tar, zip_])
def test_a_bomb_is_stopped(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ALWAYS_ALLOWED", 1 << 20)
    source = make(tmp_path / "model.archive", {"a": bytes(1 << 19), "b": bytes(4 << 20)})
    with pytest.raises(ModelError, match="far more"):
        unpack(source, tmp_path / "target")
    written = sum(path.stat().st_size for path in (tmp_path / "target").iterdir())
    assert written <= 1 << 20


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_FILES", 3)
    with pytest.raises(ModelError, match="more than 3 files"):
        unpack(tar(tmp_path / "a.tar", dict.fromkeys("abcd", b"")), tmp_path / "target")


def test_one_name_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="one name twice"):
        unpack(tar(tmp_path / "a.tar", {"a": b"1", "./a": b"2"}), tmp_path / "target")


@given(at=st.integers(0, 400), length=st.integers(0, 400), byte=st.integers(0, 255))
@pytest.mark.parametrize("make", [tar, zip_])
def test_a_damaged_archive_is_refused_in_one_line_or_unpacks(
    tmp_path_factory: pytest.TempPathFactory, make: Make, at: int, length: int, byte: int
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    source = make(folder / "model.archive", {"model/a": bytes(range(256)), "model/b": b"b" * 99})
    whole = source.read_bytes()
    damaged = bytearray(whole[: len(whole) - length])
    if at < len(damaged):
        damaged[at] = byte
    source.write_bytes(damaged)
    try:
        unpack(source, folder / "target")
    except ModelError as error:
        assert "\n" not in str(error)  # noqa: PT017 -- some damage does not matter
