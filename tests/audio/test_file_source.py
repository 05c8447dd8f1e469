"""What a file as a source promises: every frame reaches the readers, in time, or the books tell."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.audio.recordings import READABLE, encode, tones, wav
from tests.program import wait_until

from voicestand import audio
from voicestand._native import SpeechReader
from voicestand.audio.file import FileSource, Pace
from voicestand.config import AudioSettings
from voicestand.errors import InputError

SETTINGS = AudioSettings()
GAP = 2


@dataclass
class Heard:
    """What came out of a source, and its books when it had ended."""

    samples: NDArray[np.float32]
    """(channels, n) at 16 kHz."""
    captured: int
    delivered: int
    lost: int
    flags: int


def drain(source: FileSource, reader: SpeechReader, *, nap: float = 0.0) -> Heard:
    """Reads to the end, sleeping ``nap`` seconds after each window."""
    windows, flags, first = [], 0, 0
    while (window := reader.read(timeout=60)) is not None:
        assert window.first_frame == first
        first += window.frames
        flags |= window.flags
        windows.append(window.samples[:, : window.frames])
        time.sleep(nap)
    captured = source.engine.stats()["captured"]
    samples = np.concatenate(windows, axis=1) if windows else np.zeros((1, 0), np.float32)
    return Heard(samples, captured, reader.delivered, reader.lost, flags)


def hear(
    path: Path,
    config: AudioSettings = SETTINGS,
    *,
    nap: float = 0.0,
    pace: Pace = "max",
    limit: float | None = None,
    mono: bool = False,
) -> Heard:
    """Everything of a file, through the engine."""
    source = FileSource(path, config, pace=pace, limit=limit, mono=mono)
    try:
        reader = source.engine.speech_reader(512)
        source.start()
        heard = drain(source, reader, nap=nap)
        assert source.trouble() is None
        assert heard.captured == source.frames_read
    finally:
        source.close()
    return heard


def speech_frames(frames: int, rate: int) -> int:
    return -(-frames * 16_000 // rate)


@pytest.fixture
def silence(tmp_path: Path) -> Path:
    """A second of silence at 16 kHz, mono."""
    path = tmp_path / "silence.wav"
    path.write_bytes(wav())
    return path


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A minute of silence at 16 kHz, mono."""
    path = tmp_path / "long.wav"
    path.write_bytes(wav(bytes(60 * 32_000)))
    return path


@pytest.mark.parametrize("name", READABLE)
def test_every_frame_of_an_odd_file_is_delivered(tmp_path: Path, name: str) -> None:
    content, frames = READABLE[name]
    path = tmp_path / name
    path.write_bytes(content)
    rate = int.from_bytes(content[24:28], "little")
    heard = hear(path)
    assert (heard.captured, heard.delivered, heard.lost) == (frames, frames, 0)
    assert heard.samples.shape[1] == speech_frames(frames, rate)
    assert np.isfinite(heard.samples).all()
    assert np.abs(heard.samples).max() < 20


@pytest.mark.parametrize(
    "rate",
    [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000, 176400, 192000],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_frames_and_speech_of_every_rate_are_all_there(
    tmp_path: Path, rate: int, channels: int
) -> None:
    path = tmp_path / "tones.wav"
    frames = rate + 123
    encode(path, tones(frames, rate, channels), codec="pcm_s16le", form="s16", rate=rate)
    heard = hear(path)
    assert (heard.captured, heard.delivered, heard.lost) == (frames, frames, 0)
    length = speech_frames(frames, rate)
    assert heard.samples.shape == (channels, length)
    # The high-pass turns and damps a tone of 200 Hz a little; pitch and level stay.
    wanted = tones(length, 16_000, channels)
    for channel in range(channels):
        tail = heard.samples[channel, 4_000:12_000], wanted[channel, 4_000:12_000]
        spectrum = np.abs(np.fft.rfft(tail[0])), np.abs(np.fft.rfft(tail[1]))
        assert spectrum[0].argmax() == spectrum[1].argmax()
        assert spectrum[0].max() == pytest.approx(spectrum[1].max(), rel=0.05)


@settings(deadline=None, max_examples=30)
@given(frames=st.integers(1, 9_000), rate=st.integers(1_000, 192_000), block=st.integers(4, 12))
def test_the_clock_is_exact_at_any_rate_and_length(
    tmp_path_factory: pytest.TempPathFactory, frames: int, rate: int, block: int
) -> None:
    path = tmp_path_factory.mktemp("clock") / "silence.wav"
    path.write_bytes(wav(bytes(2 * frames), rate=rate))
    heard = hear(path, AudioSettings(block_frames=2**block))
    assert (heard.captured, heard.delivered, heard.lost) == (frames, frames, 0)
    assert heard.samples.shape[1] == speech_frames(frames, rate)


def test_without_conditioning_16_khz_speech_is_what_the_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "noise.wav"
    sent = np.random.default_rng(1).integers(-32_768, 32_767, (9_999, 2), "i2")
    path.write_bytes(wav(sent.tobytes(), channels=2))
    heard = hear(path, AudioSettings(high_pass_hz=0))
    np.testing.assert_array_equal(heard.samples.T, sent / np.float32(32_768))


def test_mono_mixes_all_channels_into_one(tmp_path: Path) -> None:
    path = tmp_path / "noise.wav"
    sent = np.random.default_rng(1).integers(-32_768, 32_767, (9_999, 2), "i2")
    path.write_bytes(wav(sent.tobytes(), channels=2))
    heard = hear(path, AudioSettings(high_pass_hz=0), mono=True)
    np.testing.assert_allclose(heard.samples[0], sent.mean(axis=1) / 32_768, atol=1e-6)


def test_two_channels_are_self_and_other_and_any_other_number_is_self(tmp_path: Path) -> None:
    roles = {}
    for channels in (1, 2, 3):
        path = tmp_path / f"{channels}.wav"
        path.write_bytes(wav(channels=channels))
        source = FileSource(path, SETTINGS)
        roles[channels] = source.roles
        source.close()
    assert roles == {1: ["self"], 2: ["self", "other"], 3: ["self"]}


def test_loud_nonsense_is_limited_and_flagged(tmp_path: Path) -> None:
    path = tmp_path / "huge.wav"
    path.write_bytes(READABLE["not-a-number.wav"][0])
    heard = hear(path)
    assert heard.flags & 4
    assert not heard.samples.any()


def test_a_slow_reader_of_a_fast_file_loses_nothing(long: Path) -> None:
    heard = hear(long, AudioSettings(ring_seconds=0.1), nap=0.001)
    assert (heard.captured, heard.delivered, heard.lost) == (960_000, 960_000, 0)
    assert heard.samples.shape == (1, 960_000)
    assert not heard.flags & GAP


def test_the_slowest_of_several_readers_loses_nothing(silence: Path) -> None:
    source = FileSource(silence, AudioSettings(ring_seconds=0.1), pace="max")
    readers = [source.engine.speech_reader(size) for size in (160, 512, 16_000)]
    heard: list[Heard] = []

    def listen(reader: SpeechReader, nap: float) -> None:
        heard.append(drain(source, reader, nap=nap))

    threads = [
        threading.Thread(target=listen, args=(reader, nap))
        for reader, nap in zip(readers, (0.01, 0.001, 0.0), strict=True)
    ]
    for thread in threads:
        thread.start()
    source.start()
    for thread in threads:
        thread.join(60)
    source.close()
    assert [(one.delivered, one.lost) for one in heard] == [(16_000, 0)] * 3


def test_real_pace_takes_real_time(silence: Path) -> None:
    began = time.monotonic()
    heard = hear(silence, pace="realtime")
    assert time.monotonic() - began >= 0.95
    assert heard.captured == 16_000


def test_at_real_pace_the_end_of_a_window_is_stamped_with_its_time(silence: Path) -> None:
    source = FileSource(silence, SETTINGS, pace="realtime")
    reader = source.engine.speech_reader(1_600)
    source.start()
    stamps = []
    while (window := reader.read(timeout=60)) is not None:
        assert window.end_adc_time <= time.monotonic()
        stamps.append(window.end_adc_time)
    source.close()
    np.testing.assert_allclose(np.diff(stamps), 0.1, atol=1e-4)


@pytest.mark.parametrize("limit", [0.0, 1 / 16_000, 0.3, 0.33333, 0.99999, 1.0, 7.0])
def test_a_limit_is_exact_to_the_frame(silence: Path, limit: float) -> None:
    heard = hear(silence, limit=limit)
    assert heard.captured == heard.delivered == min(16_000, round(limit * 16_000))
    assert heard.samples.shape[1] == heard.captured


@pytest.mark.parametrize("limit", [-1.0, float("nan"), float("inf")])
def test_a_limit_that_is_none_is_refused(silence: Path, limit: float) -> None:
    with pytest.raises(InputError, match="limit"):
        FileSource(silence, SETTINGS, limit=limit)


@pytest.mark.parametrize("pace", ["realtime", "max"])
def test_stop_in_the_middle_ends_the_audio_and_keeps_the_books(long: Path, pace: Pace) -> None:
    source = FileSource(long, AudioSettings(ring_seconds=0.1), pace=pace)
    reader = source.engine.speech_reader(512)
    source.start()
    for _ in range(5):
        assert reader.read(timeout=60) is not None
    source.stop()
    source.stop()
    heard = drain_rest(source, reader)
    assert heard < 960_000
    assert reader.delivered == source.engine.stats()["captured"] == source.frames_read
    assert reader.lost == 0
    source.close()


def drain_rest(source: FileSource, reader: SpeechReader) -> int:
    frames = 0
    while (window := reader.read(timeout=60)) is not None:
        frames += window.frames
    source._thread.join(60)
    return frames


def test_stop_ends_a_file_whose_reader_does_not_come(long: Path) -> None:
    source = FileSource(long, AudioSettings(ring_seconds=0.1), pace="max")
    reader = source.engine.speech_reader(512)
    source.start()
    wait_until(lambda: source.frames_read)
    source.close()
    assert not source._thread.is_alive()
    assert reader.read(timeout=60) is not None


def test_close_may_come_at_any_time_and_again(silence: Path) -> None:
    for moment in ("new", "started", "stopped"):
        source = FileSource(silence, SETTINGS, pace="max")
        if moment != "new":
            source.start()
        if moment == "stopped":
            source.stop()
        source.close()
        source.close()
        source.stop()
        assert source.trouble() is None


def test_what_is_read_after_the_close_is_what_was_under_way(silence: Path) -> None:
    source = FileSource(silence, SETTINGS, pace="max")
    reader = source.engine.speech_reader(512)
    source.start()
    source._thread.join(60)
    source.close()
    frames = 0
    while (window := reader.read(timeout=60)) is not None:
        frames += window.frames
    assert frames == reader.delivered == 16_000


def test_a_mistake_of_ours_while_reading_is_told_and_ends_the_audio(
    silence: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = FileSource(silence, SETTINGS, pace="max")
    monkeypatch.setattr(source._decoder, "_interleave", lambda frame: 1 / 0)
    reader = source.engine.speech_reader(512)
    source.start()
    assert reader.read(timeout=60) is None
    source._thread.join(60)
    assert "ZeroDivisionError" in (source.trouble() or "")
    source.close()


def test_damage_is_told_when_it_is_reached(tmp_path: Path) -> None:
    path = tmp_path / "noise.ogg"
    rng = np.random.default_rng(1)
    encode(path, rng.normal(0, 0.1, (1, 160_000)), codec="flac", form="s16", rate=16_000)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3_000] = rng.bytes(3_000)
    path.write_bytes(content)
    source = FileSource(path, SETTINGS, pace="max")
    assert source.damaged is None
    reader = source.engine.speech_reader(512)
    source.start()
    heard = drain(source, reader)
    source.close()
    assert "are missing in it" in (source.damaged or "")
    assert heard.captured == heard.delivered == 160_000


def test_a_whole_recording_is_loaded_as_the_engine_hears_it(tmp_path: Path) -> None:
    path = tmp_path / "tones.wav"
    encode(path, tones(44_100, 44_100, 2), codec="pcm_s16le", form="s16", rate=44_100)
    recording = audio.load(path, SETTINGS)
    np.testing.assert_array_equal(recording.samples, hear(path).samples)
    assert (recording.source_rate, recording.duration) == (44_100, 1.0)


def test_a_file_shows_how_long_it_is_expected_to_be(silence: Path) -> None:
    for limit, expected in ((None, 1.0), (0.5, 0.5), (9.0, 1.0)):
        source = FileSource(silence, SETTINGS, limit=limit)
        assert source.expected_duration == expected
        source.close()
