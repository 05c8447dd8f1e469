"""The table of models: whole, and read with care."""

from __future__ import annotations

from importlib import resources

import msgspec
import pytest

from voicestand.errors import InputError
from voicestand.speech.models import manifest
from voicestand.speech.registry import ENTRIES

TEXT = resources.files("voicestand.speech.models").joinpath("manifest.toml").read_text()


def test_every_model_can_be_used_by_an_engine_that_exists() -> None:
    assert {model.engine for model in manifest.models()} == {
        entry.name for entry in ENTRIES if not entry.embedded
    }


def test_what_has_no_published_checksum_says_so() -> None:
    unchecked = [model.name for model in manifest.models() if not model.checked]
    assert unchecked == ["whisper-tiny-en"]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean moonshine-tiny-en"):
        manifest.find("moonshine-tiny")
    with pytest.raises(InputError, match=r"there are .*whisper-base-en"):
        manifest.find("x")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('path = "adapter.ort"', 'path = "a/../../b"', "leaves the folder"),
        ('path = "adapter.ort"', 'path = "/etc/passwd"', "matching regex"),
        ('name = "moonshine-small-en"', 'name = "../x"', "matching regex"),
        ('name = "moonshine-small-en"', 'name = "moonshine-tiny-en"', "one name"),
        ('url = "https://download', 'url = "http://download', "matching regex"),
        ("about = 49_000_000", "", "is not known"),
        ('licence = "MIT"', 'license = "MIT"', "license"),
    ],
)
def test_a_damaged_table_is_refused(old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises((ValueError, msgspec.ValidationError), match=says):
        manifest.parse(TEXT.replace(old, new, 1))
