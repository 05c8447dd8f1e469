"""The models that are known by name: the table in ``manifest.toml``, read and checked."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from pathlib import PurePosixPath
from typing import Annotated

import msgspec
from msgspec import Meta

from voicestand.errors import InputError

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]


class ModelFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file to fetch."""

    path: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")]
    """Below the model's folder and below its address alike."""
    size: Annotated[int, Meta(gt=0)] | None = None
    """Bytes, where published."""
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")] | None = None
    """Where published."""


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model that can be pulled."""

    name: Name
    engine: str
    """Name of the recognizer that can use it."""
    language: str
    licence: str
    summary: str
    url: Annotated[str, Meta(pattern=r"^https://.*/$")]
    """The address below which the files are."""
    files: Annotated[list[ModelFile], Meta(min_length=1)]
    archive: bool = False
    """Whether the one file is an archive, whose contents are the model."""
    about: Annotated[int, Meta(gt=0)] | None = None
    """Bytes in all, roughly, where the sizes of the files are not published."""

    @property
    def size(self) -> int:
        """Bytes to fetch; roughly, where :attr:`about` says so."""
        return self.about or sum(file.size or 0 for file in self.files)

    @property
    def checked(self) -> bool:
        """Whether a sha256 is published for every file."""
        return all(file.sha256 for file in self.files)


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: list[Model]


def parse(text: str) -> list[Model]:
    """The models of a manifest.

    Raises ``ValueError`` where it is damaged: a path that leaves the model's folder, two models of
    one name, an archive of several files, a size that is neither stated nor estimated.
    """
    models = msgspec.convert(tomllib.loads(text), _Manifest).model
    for model in models:
        for file in model.files:
            if ".." in PurePosixPath(file.path).parts:
                raise ValueError(f"{model.name}: {file.path} leaves the folder")
            if file.size is None and model.about is None:
                raise ValueError(f"{model.name}: the size of {file.path} is not known")
        if model.archive and len(model.files) != 1:
            raise ValueError(f"{model.name}: an archive is one file")
    names = [model.name for model in models]
    if len(set(names)) != len(names):
        raise ValueError("two models have one name")
    return models


@functools.cache
def models() -> tuple[Model, ...]:
    """All models, the best of each engine first."""
    text = resources.files(__package__).joinpath("manifest.toml").read_text(encoding="utf-8")
    return tuple(parse(text))


def find(name: str) -> Model:
    """The model called ``name``; raises ``InputError``, naming the nearest, where there is none."""
    for model in models():
        if model.name == name:
            return model
    from difflib import get_close_matches

    names = [model.name for model in models()]
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
    raise InputError(f"no model {name!r}: {hint} (see: voicestand models list)")
