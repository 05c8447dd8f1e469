"""Pulling a model: every file fetched or copied, compared, put together, and made to appear."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

import msgspec

from voicestand.errors import InputError, ModelError
from voicestand.speech.models import archive, store
from voicestand.speech.models.download import Download, Patience, Wanted
from voicestand.speech.models.manifest import Model, ModelFile

_PIECE = 1 << 20

UNSTATED = 2
"""A file whose size is not published may have so many times the bytes of the whole model."""

ROOM = 64 << 20
"""Bytes that a pull leaves free on the disk."""

Progress = Callable[[int, int], None]
"""Bytes that are there, and bytes in all (which may be an estimate)."""


def _nobody(there: int, total: int) -> None:
    pass


class Origin(NamedTuple):
    """Where the files of a model come from: the addresses in the manifest, a mirror, a folder."""

    url: str = ""
    """Of a mirror, which has them at ``URL/NAME/FILE``; empty: the manifest's addresses."""
    folder: Path | None = None
    """That has them at ``NAME/FILE`` or ``FILE``; another machine's folder of models will do."""

    @classmethod
    def parse(cls, text: str | None) -> Origin:
        """From what the user wrote; raises ``InputError`` where it is neither URL nor folder."""
        if text is None:
            return cls()
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise InputError(f"{text!r} is not an address") from None
        if parts.scheme in ("http", "https") and host:
            if parts.username is not None or parts.query or parts.fragment:
                # They would get into messages and receipts; and FILE is put behind the address.
                raise InputError("the address of a mirror has no user name, no ? and no # in it")
            return cls(url=text.rstrip("/"))
        path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(text).expanduser()
        if text and path.is_dir():
            return cls(folder=path)
        raise InputError(f"models come from a folder or an http(s) address, not from {text!r}")

    def address(self, model: Model, file: ModelFile) -> str:
        """Where a file is fetched from, if not from a folder."""
        base = f"{self.url}/{quote(model.name)}/" if self.url else model.url
        return base + quote(file.path)

    def path(self, model: Model, name: str) -> Path | None:
        """Where a file is in the folder; None if it is not there."""
        assert self.folder is not None
        for path in (self.folder / model.name / name, self.folder / name):
            if path.is_file():
                return path
        return None

    def __str__(self) -> str:
        return self.url or str(self.folder or "")


def pull(
    model: Model,
    origin: Origin = Origin(),  # noqa: B008 -- immutable
    progress: Progress = _nobody,
    patience: Patience = Patience(),  # noqa: B008 -- immutable
) -> Path:
    """Makes ``model`` be there; returns its folder.

    A model that is there is left alone. What an earlier pull left is continued, even one that was
    killed. Raises ``ModelError`` where the model cannot be had.
    """
    with store.locked(model.name):
        if store.path_of(model.name).is_dir():
            return store.path_of(model.name)
        try:
            return _Pull(model, origin, progress, patience).run()
        except OSError as error:
            raise ModelError(f"{model.name} cannot be kept: {error.strerror or error}") from error


class _Pull:
    def __init__(
        self, model: Model, origin: Origin, progress: Progress, patience: Patience
    ) -> None:
        self._model = model
        self._origin = origin
        self._progress = progress
        self._patience = patience
        self._parts = store.parts_of(model.name)
        self._arrived = self._parts / "files"
        self._unpacked = self._parts / "unpacked"
        self._done = 0

    def run(self) -> Path:
        self._parts.mkdir(parents=True, exist_ok=True)
        self._require_room()
        checked = self._model.checked
        if unpacked := self._unpacked_copy():
            _copy_unpacked(unpacked, self._unpacked)
            whole, checked = self._unpacked, False
        else:
            for file in self._model.files:
                self._bring(file)
            whole = self._put_together()
        self._write_receipt(whole, checked)
        target = store.publish(self._model.name, whole)
        shutil.rmtree(self._parts, ignore_errors=True)
        return target

    def _require_room(self) -> None:
        missing = self._model.size - store.arrived(self._model.name) + ROOM
        if self._model.archive:  # it is there until it is unpacked
            missing += 2 * self._model.size
        free = shutil.disk_usage(self._parts).free
        if free < missing:
            raise ModelError(
                f"{self._model.name} needs {megabytes(missing)} in {store.folder()}, where "
                f"{megabytes(free)} are free"
            )

    def _unpacked_copy(self) -> Path | None:
        """The model in the folder of another machine's models, where its archive is not."""
        if self._origin.folder is None or not self._model.archive:
            return None
        if self._origin.path(self._model, self._model.files[0].path):
            return None
        receipt = self._origin.path(self._model, store.RECEIPT)
        return receipt.parent if receipt else None

    def _bring(self, file: ModelFile) -> None:
        """Has a file lie in the folder of those that arrived, compared."""
        target = self._arrived / file.path
        if not target.is_file() or _difference(target, file):
            target.parent.mkdir(parents=True, exist_ok=True)
            part = self._parts / f"{hashlib.sha256(file.path.encode()).hexdigest()[:16]}.part"
            if self._origin.folder is not None:
                self._copy(file, part)
            else:
                self._download(file, part)
            store.sync(part)
            part.rename(target)
        self._done += target.stat().st_size

    def _report(self, of_this_file: int) -> None:
        self._progress(self._done + of_this_file, self._model.size)

    def _copy(self, file: ModelFile, part: Path) -> None:
        source = self._origin.path(self._model, file.path)
        if source is None:
            raise ModelError(f"{self._origin} has no {self._model.name}/{file.path}")
        with source.open("rb") as read, part.open("wb") as written:
            while piece := read.read(_PIECE):
                written.write(piece)
                self._report(written.tell())
        if wrong := _difference(part, file):
            part.unlink()
            raise ModelError(f"{source} is not the file that was published: {wrong}")

    def _download(self, file: ModelFile, part: Path) -> None:
        wanted = Wanted(
            self._origin.address(self._model, file),
            file.size,
            limit=file.size or UNSTATED * self._model.size,
            resumable=file.sha256 is not None,
        )
        while True:
            download = Download(wanted, part, self._report, self._patience)
            download.run()
            wrong = _difference(part, file)
            if not wrong:
                return
            download.discard()
            # Two parts of two versions: the whole of one of them may be right.
            if not download.resumed:
                raise ModelError(f"{wanted.url} is not the file that was published: {wrong}")

    def _put_together(self) -> Path:
        """The folder that is the model."""
        if not self._model.archive:
            return self._arrived
        for leftover in (self._unpacked, self._unpacked.with_name(f"{self._unpacked.name}.only")):
            shutil.rmtree(leftover, ignore_errors=True)
        archive.unpack(self._arrived / self._model.files[0].path, self._unpacked)
        return self._unpacked

    def _write_receipt(self, whole: Path, checked: bool) -> None:
        (whole / store.RECEIPT).unlink(missing_ok=True)
        receipt = store.Receipt(
            name=self._model.name,
            engine=self._model.engine,
            source=str(self._origin) or self._model.url,
            checked=checked,
            files=_received(whole),
        )
        encoded = msgspec.json.format(msgspec.json.encode(receipt), indent=2)
        (whole / store.RECEIPT).write_bytes(encoded)


def _copy_unpacked(source: Path, target: Path) -> None:
    """Copies a model that was unpacked elsewhere, comparing it with its receipt."""
    shutil.rmtree(target, ignore_errors=True)
    try:
        receipt = msgspec.json.decode((source / store.RECEIPT).read_bytes(), type=store.Receipt)
    except msgspec.DecodeError as error:
        raise ModelError(f"{source / store.RECEIPT} is damaged: {error}") from error
    for file in receipt.files:
        written = target / file.path
        if not written.resolve().is_relative_to(target.resolve()):
            raise ModelError(f"{source / store.RECEIPT} names a path outside: {file.path!r}")
        written.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / file.path, written)
        if wrong := _difference(written, ModelFile(path="x", size=None, sha256=file.sha256)):
            raise ModelError(f"{source / file.path} is damaged: {wrong}")


def _received(folder: Path) -> list[store.Received]:
    found = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent) / name
            relative = str(path.relative_to(folder))
            found.append(
                store.Received(path=relative, size=path.stat().st_size, sha256=sha256_of(path))
            )
    return sorted(found, key=lambda file: file.path)


def _difference(path: Path, file: ModelFile) -> str:
    """In what ``path`` is not the published file; empty where it is."""
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        return f"{size} bytes instead of {file.size}"
    if file.sha256 is not None and (found := sha256_of(path)) != file.sha256:
        return f"its sha256 is {found[:12]}… instead of {file.sha256[:12]}…"
    return ""


def sha256_of(path: Path) -> str:
    """In hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def megabytes(size: int) -> str:
    """For people: ``142 MB``."""
    return f"{max(1, round(size / 1e6))} MB"
