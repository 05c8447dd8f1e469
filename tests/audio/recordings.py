"""Recordings that the tests make: right ones through FFmpeg, wrong ones byte by byte."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

SECOND = bytes(32_000)
"""A second of silence, 16 bit at 16 kHz."""


def wav(
    data: bytes = SECOND,
    *,
    channels: int = 1,
    rate: int = 16_000,
    code: int = 1,
    bits: int = 16,
    says: int | None = None,
) -> bytes:
    """A WAV file whose header states what it is told; ``says``: the bytes of audio it claims."""
    size = len(data) if says is None else says
    block = max(1, channels * bits // 8)
    form = struct.pack(
        "<HHIIHH", code, channels, rate, rate * block & 0xFFFFFFFF, block & 0xFFFF, bits
    )
    return b"".join(
        (
            b"RIFF" + struct.pack("<I", (36 + size) & 0xFFFFFFFF) + b"WAVE",
            b"fmt " + struct.pack("<I", 16) + form,
            b"data" + struct.pack("<I", size) + data,
        )
    )


def float_wav(samples: NDArray[Any], *, rate: int = 16_000) -> bytes:
    """A WAV file of float32 or float64 samples."""
    return wav(samples.tobytes(), code=3, bits=8 * samples.itemsize, rate=rate)


def tones(frames: int, rate: int, channels: int) -> NDArray[np.float64]:
    """A sine in each channel, each of its own pitch and level: (channels, frames)."""
    time = np.arange(frames) / rate
    return np.stack(
        [
            0.5 / (1 + channel / 4) * np.sin(2 * np.pi * 100 * (2 + channel) * time)
            for channel in range(channels)
        ]
    )


_INTEGERS = {"u8": 128.0, "s16": 32768.0, "s32": 2147483648.0}
_TYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "flt": "f4", "dbl": "f8"}


def encode(
    path: Path,
    samples: NDArray[np.float64],
    *,
    codec: str,
    form: str,
    rate: int,
    layout: str | None = None,
    options: dict[str, str] | None = None,
    video: bool = False,
) -> None:
    """Writes ``samples`` (channels, frames) with FFmpeg's ``codec`` from sample format ``form``."""
    channels, frames = samples.shape
    layout = layout or {1: "mono", 2: "stereo"}.get(channels, f"{channels} channels")
    kind = form.removesuffix("p")
    scaled = samples * _INTEGERS.get(kind, 1.0) + (128.0 if kind == "u8" else 0.0)
    if kind in _INTEGERS:
        scaled = np.round(scaled)
    shaped = scaled.astype(_TYPES[kind])
    with av.open(str(path), "w") as container:
        pictures = _picture_stream(container) if video else None
        stream: Any = container.add_stream(codec, rate=rate, options=options or {})
        stream.layout = layout
        stream.format = form
        if pictures is not None:
            _show(container, pictures)
        step = 1024
        for start in range(0, frames, step):
            part = shaped[:, start : start + step]
            laid = part if form.endswith("p") else np.ascontiguousarray(part.T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(laid), format=form, layout=layout
            )
            frame.sample_rate = rate
            frame.pts = start
            frame.time_base = Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _picture_stream(container: Any) -> Any:
    stream = container.add_stream("mpeg4", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    return stream


def _show(container: Any, stream: Any) -> None:
    for number in range(10):
        picture = np.full((48, 64, 3), 20 * number, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = number
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def film_without_sound(path: Path) -> None:
    """A video file with no audio track."""
    with av.open(str(path), "w") as container:
        _show(container, _picture_stream(container))


def frames_in(path: Path) -> int:
    """The frames of a file's first audio stream, as FFmpeg decodes them."""
    with av.open(str(path)) as container:
        return sum(frame.samples for frame in container.decode(audio=0))


Make = Callable[[Path], object]


def _file(content: bytes) -> Make:
    return lambda path: path.write_bytes(content)


REFUSED: dict[str, tuple[Make, str]] = {
    "missing.wav": (lambda path: None, "there is no file"),
    "folder.wav": (Path.mkdir, "is a folder"),
    "empty.wav": (Path.touch, "is empty"),
    "dangling.wav": (lambda path: path.symlink_to("nowhere.wav"), "there is no file"),
    "loop.wav": (lambda path: path.symlink_to(path.name), "symbolic links"),
    "fifo.wav": (os.mkfifo, "is a pipe or a device"),
    "device.wav": (lambda path: path.symlink_to("/dev/zero"), "is a pipe or a device"),
    "text.wav": (_file(b"hello\n" * 50), "no audio file"),
    "one-byte.wav": (_file(b"R"), "no audio file"),
    "half-header.wav": (_file(wav()[:30]), "no audio file"),
    "no-samples.wav": (_file(wav(b"")), "holds no audio"),
    "zero-channels.wav": (_file(wav(channels=0)), "no audio"),
    "65535-channels.wav": (_file(wav(channels=65_535)), "audio"),
    "257-channels.wav": (_file(wav(channels=257, data=bytes(257 * 2 * 100))), "257 channels"),
    "zero-rate.wav": (_file(wav(rate=0)), "audio"),
    "rate-of-1.wav": (_file(wav(rate=1)), "1 Hz: 1000 to 768000 Hz"),
    "rate-of-999.wav": (_file(wav(rate=999)), "999 Hz"),
    "rate-of-10-million.wav": (_file(wav(rate=10_000_000)), "10000000 Hz"),
    "rate-of-4-billion.wav": (_file(wav(rate=2**32 - 1)), "audio"),
    "no-bits.wav": (_file(wav(bits=0)), "audio"),
    "255-bits.wav": (_file(wav(bits=255)), "audio"),
    "unknown-codec.wav": (_file(wav(code=0x9999)), "audio"),
    "garbage.flac": (_file(b"fLaC" + bytes(4000)), "audio"),
    "garbage.ogg": (_file(b"OggS" + bytes(4000)), "audio"),
    "garbage.mp4": (_file(b"\0\0\0\x18ftypisom" + bytes(4000)), "audio"),
    "zeros.wav": (_file(bytes(100_000)), "audio"),
    "ones.wav": (_file(b"\xff" * 100_000), "audio"),
    "line\nbreak.wav": (lambda path: None, r"line\nbreak.wav"),
    "red\x1b[31m.wav": (lambda path: None, r"red\x1b[31m.wav"),
    os.fsdecode(b"latin-\xe9.wav"): (lambda path: None, r"latin-\udce9.wav"),
    "nul\0.wav": (lambda path: None, "is no file name"),
    "x" * 300: (lambda path: None, "name too long"),
    "film.mkv": (film_without_sound, "has no audio in it"),
    "film.mp4": (film_without_sound, "has no audio in it"),
}
"""Files in which there is nothing to hear, each with a part of what the user is told."""

_NAN, _INF = float("nan"), float("inf")

READABLE: dict[str, tuple[bytes, int]] = {
    "silence.wav": (wav(), 16_000),
    "says-too-much.wav": (wav(says=2**31), 16_000),
    "says-a-bit-too-much.wav": (wav(says=100_000), 16_000),
    "says-nothing.wav": (wav(says=0), 16_000),
    "says-4-gigabytes.wav": (wav(says=2**32 - 1), 16_000),
    "truncated.wav": (wav()[:-20_000], 6_000),
    "half-a-sample-more.wav": (wav(SECOND + b"x"), 16_000),
    "one-sample.wav": (wav(b"\0\1"), 1),
    "96-channels.wav": (wav(SECOND * 6, channels=96), 1_000),
    "256-channels.wav": (wav(bytes(256 * 2 * 100), channels=256), 100),
    "256-channels-at-768-kHz.wav": (wav(bytes(256 * 2 * 100), channels=256, rate=768_000), 100),
    "lowest-rate.wav": (wav(rate=1_000), 16_000),
    "highest-rate.wav": (wav(rate=768_000), 16_000),
    "not-a-number.wav": (float_wav(np.full(16_000, _NAN, "f4")), 16_000),
    "infinite.wav": (float_wav(np.full(16_000, _INF, "f4")), 16_000),
    "minus-infinite.wav": (float_wav(np.full(16_000, -_INF, "f4")), 16_000),
    "huge.wav": (float_wav(np.full(16_000, 1e30, "f4")), 16_000),
    "largest.wav": (float_wav(np.resize(np.array([3.4e38, -3.4e38], "f4"), 16_000)), 16_000),
    "huge-doubles.wav": (float_wav(np.full(16_000, 1e300)), 16_000),
    "denormal.wav": (float_wav(np.full(16_000, 1e-42, "f4")), 16_000),
    "seven-bits.wav": (wav(bits=7), 32_000),
    "64-bits.wav": (wav(bits=64), 4_000),
}
"""Odd files that hold audio all the same, and how many frames."""
