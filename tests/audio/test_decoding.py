"""What decoding promises: any file's samples, exactly, or one line that says what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.audio.recordings import (
    READABLE,
    REFUSED,
    encode,
    float_wav,
    frames_in,
    tones,
    wav,
)

from voicestand.audio.decoding import Decoder, printable
from voicestand.errors import InputError


def decode(path: Path) -> tuple[NDArray[np.float32], Decoder]:
    """All of a file, (frames, channels), and its closed decoder."""
    decoder = Decoder(path)
    try:
        blocks = list(decoder.blocks())
    finally:
        decoder.close()
    for block in blocks:
        assert block.dtype == np.float32
        assert block.flags.c_contiguous
    return np.concatenate(blocks), decoder


@pytest.mark.parametrize("name", REFUSED, ids=ascii)
def test_a_file_with_nothing_to_hear_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    make, why = REFUSED[name]
    path = tmp_path / name
    make(path)
    with pytest.raises(InputError) as refusal:
        Decoder(path)
    message = str(refusal.value)
    assert why.casefold() in message.casefold()
    assert message.isprintable(), "the message is one line, and no terminal obeys it"
    assert message.encode("utf-8")


def test_a_refused_file_is_closed_again(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name, (make, _) in REFUSED.items():
        make(tmp_path / name)
        with pytest.raises(InputError):
            Decoder(tmp_path / name)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("name", READABLE)
def test_every_frame_of_an_odd_file_is_decoded(tmp_path: Path, name: str) -> None:
    content, frames = READABLE[name]
    path = tmp_path / name
    path.write_bytes(content)
    samples, decoder = decode(path)
    assert len(samples) == frames
    assert decoder.damaged is None


def test_what_the_system_refuses_to_open_is_reported_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "private.wav"
    path.write_bytes(wav())
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError, match=r"cannot read .*private\.wav: Permission denied"):
        Decoder(path)


def test_a_name_is_printed_on_one_line_and_nothing_else_is_changed() -> None:
    assert printable(Path("/a/Müller – 1.wav")) == "/a/Müller – 1.wav"
    assert printable(Path("a\n\x1b[2J\u202e.wav")) == r"a\n\x1b[2J\u202e.wav"
    assert printable(Path(os.fsdecode(b"\xff.wav"))) == r"\udcff.wav"


_TARGET = "target.wav"
_PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{name}\n#EXT-X-ENDLIST\n",
    "list.m3u": "{name}\n",
    "list.pls": "[playlist]\nFile1={name}\nNumberOfEntries=1\n",
    "list.ffconcat": "ffconcat version 1.0\nfile '{name}'\n",
    "list.cue": 'FILE "{name}" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n',
    "list.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'profiles="urn:mpeg:dash:profile:full:2011" mediaPresentationDuration="PT9S"><Period>'
    '<AdaptationSet mimeType="audio/wav"><Representation id="0" bandwidth="1"><BaseURL>{name}'
    "</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "call.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=audio 5004 RTP/AVP 0\n",
}
_NAMED = ["target.wav", "{folder}/target.wav", "file:target.wav", "pipe:0", "tcp://127.0.0.1:9"]

_DECODE = """
import sys
from pathlib import Path
from voicestand.audio.decoding import Decoder
from voicestand.errors import InputError
try:
    Decoder(Path(sys.argv[1]))
except InputError:
    print("refused", len(sys.stdin.buffer.read()))
"""


@pytest.mark.parametrize("kind", _PLAYLISTS)
def test_a_file_that_names_others_opens_none_of_them(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Relative names count from here: this is where a list is opened that may be.
    monkeypatch.chdir(tmp_path)
    (tmp_path / _TARGET).write_bytes(wav())
    for name in _NAMED:
        path = tmp_path / kind
        path.write_text(_PLAYLISTS[kind].format(name=name.format(folder=tmp_path)))
        with pytest.raises(InputError):
            Decoder(path)


@pytest.mark.parametrize("kind", ["list.m3u8", "list.ffconcat"])
def test_a_file_that_names_standard_input_leaves_it_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    path.write_text(_PLAYLISTS[kind].format(name="pipe:0"))
    done = subprocess.run(
        [sys.executable, "-c", _DECODE, str(path)],
        input=wav(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.decode().split() == ["refused", str(len(wav()))]


# Codec, file type, the sample format given to the encoder, and the error of rounding there.
_LOSSLESS = [
    ("pcm_u8", "wav", "u8", 2**-8),
    ("pcm_s16le", "wav", "s16", 2**-16),
    ("pcm_s16be", "aiff", "s16", 2**-16),
    ("pcm_s24le", "wav", "s32", 2**-23),
    ("pcm_s32le", "wav", "s32", 2**-24),
    ("pcm_f32le", "wav", "flt", 2**-24),
    ("pcm_f64le", "wav", "dbl", 2**-24),
    ("flac", "flac", "s16", 2**-16),
    ("flac", "flac", "s32", 2**-23),
    ("alac", "m4a", "s16p", 2**-16),
    ("wavpack", "wv", "fltp", 2**-24),
]
_LOSSY = [
    ("libopus", "ogg", "flt"),
    ("libopus", "webm", "flt"),
    ("libmp3lame", "mp3", "fltp"),
    ("aac", "m4a", "fltp"),
    ("aac", "mp4", "fltp"),
]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("codec", "kind", "form", "error"), _LOSSLESS)
def test_samples_of_lossless_formats_are_right(
    tmp_path: Path, codec: str, kind: str, form: str, error: float, channels: int
) -> None:
    path = tmp_path / f"tones.{kind}"
    sent = tones(6_000, 48_000, channels)
    encode(path, sent, codec=codec, form=form, rate=48_000)
    samples, decoder = decode(path)
    assert (decoder.sample_rate, decoder.channels) == (48_000, channels)
    assert samples.shape == (6_000, channels)
    np.testing.assert_allclose(samples.T, sent, atol=error * 1.01, rtol=0)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("codec", "kind", "form"), _LOSSY)
def test_samples_of_lossy_formats_are_in_their_channel_and_their_place(
    tmp_path: Path, codec: str, kind: str, form: str, channels: int
) -> None:
    path = tmp_path / f"tones.{kind}"
    sent = tones(48_000, 48_000, channels)
    # In its mode for speech Opus does not keep the phase of a tone.
    options = {"application": "audio", "b": "128000"} if codec == "libopus" else {}
    encode(path, sent, codec=codec, form=form, rate=48_000, options=options)
    samples, decoder = decode(path)
    assert (decoder.sample_rate, decoder.channels) == (48_000, channels)
    assert len(samples) == frames_in(path)
    assert 0 <= len(samples) - 48_000 < 2_400, "what the codec adds is its own padding"
    for channel in range(channels):
        heard, wanted = samples[2_000:46_000, channel], sent[channel, 2_000:46_000]
        assert np.corrcoef(heard, wanted)[0, 1] > 0.98
        assert np.sqrt(np.mean(heard**2)) == pytest.approx(
            np.sqrt(np.mean(wanted**2)), rel=0.1
        )  # LAME scales by 0.95


def test_ogg_vorbis_is_decoded(tmp_path: Path) -> None:
    # FFmpeg's own encoder, the only one here, is rough and late: so only level, pitch and length.
    path = tmp_path / "tones.ogg"
    sent = tones(48_000, 48_000, 2)
    options = {"strict": "experimental"}
    encode(path, sent, codec="vorbis", form="fltp", rate=48_000, options=options)
    samples, _ = decode(path)
    assert len(samples) == frames_in(path)
    spectrum = np.abs(np.fft.rfft(samples[:48_000], axis=0))
    assert spectrum.argmax(axis=0).tolist() == [200, 300]
    assert np.sqrt(np.mean(samples**2, axis=0)) == pytest.approx([0.354, 0.283], rel=0.1)


# Planar formats with eight channels or more are where PyAV reads beyond the frame.
@pytest.mark.parametrize(
    ("channels", "layout"), [(6, "5.1"), (7, None), (8, None), (9, None), (16, None), (64, None)]
)
def test_channels_of_planar_formats_are_apart_however_many(
    tmp_path: Path, channels: int, layout: str | None
) -> None:
    path = tmp_path / "tones.opus"
    rng = np.random.default_rng(1)
    levels = rng.permutation(np.linspace(0.05, 0.6, channels))
    time = np.arange(48_000) / 48_000
    sent = levels[:, None] * np.sin(2 * np.pi * 440 * time)
    # Mapping family 255: one coded channel for each given, in their order.
    options = {"mapping_family": "255", "b": str(64_000 * channels)}
    encode(path, sent, codec="libopus", form="flt", rate=48_000, layout=layout, options=options)
    samples, decoder = decode(path)
    assert decoder.channels == channels
    assert samples.shape == (48_000, channels)
    heard = np.sqrt(2 * np.mean(samples[4_800:43_200] ** 2, axis=0))
    np.testing.assert_allclose(heard, levels, rtol=0.1, atol=0.01)


def test_more_planar_channels_than_can_be_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tones.opus"
    options = {"mapping_family": "255"}
    encode(
        path, tones(4_800, 48_000, 70), codec="libopus", form="flt", rate=48_000, options=options
    )
    with pytest.raises(InputError, match="70 channels"):
        Decoder(path)


@pytest.mark.parametrize("kind", ["mp4", "mkv", "avi"])
def test_the_sound_of_a_film_is_heard(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"film.{kind}"
    sent = tones(48_000, 48_000, 2)
    encode(path, sent, codec="libmp3lame", form="fltp", rate=48_000, video=True)
    samples, decoder = decode(path)
    assert (decoder.sample_rate, decoder.channels) == (48_000, 2)
    assert len(samples) == frames_in(path)
    assert np.abs(samples).max() > 0.3


_DAMAGED = [
    ("flac", "flac", "s16"),
    ("flac", "ogg", "s16"),
    ("aac", "m4a", "fltp"),
    ("aac", "mkv", "fltp"),
    ("alac", "m4a", "s16p"),
    ("libmp3lame", "mp3", "fltp"),
]


@pytest.mark.parametrize(("codec", "kind", "form"), _DAMAGED)
def test_damage_in_the_middle_is_told_and_what_follows_keeps_its_time(
    tmp_path: Path, codec: str, kind: str, form: str
) -> None:
    path = tmp_path / f"noise.{kind}"
    rng = np.random.default_rng(1)
    encode(path, rng.normal(0, 0.1, (1, 160_000)), codec=codec, form=form, rate=16_000)
    whole, decoder = decode(path)
    assert decoder.damaged is None
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3_000] = rng.bytes(3_000)
    path.write_bytes(content)
    samples, decoder = decode(path)
    assert decoder.damaged
    assert decoder.damaged.isprintable()
    np.testing.assert_array_equal(samples[:48_000], whole[:48_000])
    if kind == "mp3":  # it has no time stamps: what is behind the hole moves up
        return
    assert abs(len(samples) - len(whole)) <= 0.05 * 16_000
    if kind != "mkv":  # a damaged cluster costs a Matroska file all of what follows
        late, wanted = samples[-16_000:-4_000, 0], whole[-16_000:-4_000, 0]
        assert np.corrcoef(late, wanted)[0, 1] > 0.99


def test_a_file_that_vanishes_while_it_is_read_is_damaged_there(tmp_path: Path) -> None:
    path = tmp_path / "noise.flac"
    noise = np.random.default_rng(1).normal(0, 0.1, (1, 64_000))
    encode(path, noise, codec="flac", form="s16", rate=16_000)
    decoder = Decoder(path)
    blocks = decoder.blocks()
    next(blocks)
    os.truncate(path, 0)
    assert sum(map(len, blocks)) < 64_000
    decoder.close()


def test_a_file_that_changes_its_channels_ends_there(tmp_path: Path) -> None:
    # Two Ogg streams, one behind the other: a legal file, as Internet radio makes them.
    one, two, both = (tmp_path / name for name in ("one.ogg", "two.ogg", "both.ogg"))
    for path, channels in ((one, 1), (two, 2)):
        encode(path, tones(16_000, 16_000, channels), codec="flac", form="s16", rate=16_000)
    both.write_bytes(one.read_bytes() + two.read_bytes())
    samples, decoder = decode(both)
    assert decoder.channels == samples.shape[1] == 1
    assert len(samples) >= 16_000


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_no_header_crashes_the_program(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(wav(bytes(2_000)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, 43))
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("headers") / "damaged.wav"
    path.write_bytes(content)
    with suppress(InputError):
        samples, _ = decode(path)
        # The most that any codec the header may name makes of 2,000 bytes, and more.
        assert samples.size <= 1_000_000


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    path.write_bytes(wav())
    decoder = Decoder(path)
    decoder.close()
    decoder.close()


def test_a_double_beyond_a_float_is_infinite_and_no_warning(tmp_path: Path) -> None:
    path = tmp_path / "huge.wav"
    path.write_bytes(float_wav(np.full(100, -1e300)))
    samples, _ = decode(path)
    assert np.isneginf(samples).all()
