"""Speech and noise for tests of conditioning, and the engine that they are sent through."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from tests.spoken_calls import spoken

from voicestand._native import Engine

RATE = 16_000
Samples = NDArray[np.float32]
Wave = NDArray[np.floating]

LEAD = 2 * RATE
"""Samples of noise before the voice in a mixture, as long as suppression needs to know it."""

TRAIL = RATE
"""Samples of noise behind the voice."""

BABBLE = (
    ("kal16", "it was the best of times it was the worst of times it was the age of wisdom"),
    ("awb", "the meeting on monday was moved to the small room on the second floor"),
    ("rms", "my brother bought a green bicycle last summer and rides it to work"),
    ("slt", "there will be rain in the north and wind along the coast until the evening"),
    ("kal16", "put the flour in a bowl add the eggs and stir until the dough is smooth"),
    ("awb", "she said that nobody had told her about the train and so she waited"),
    ("rms", "we had everything before us we had nothing before us"),
)
"""Voices of flite, and what each says over and over."""


def speech(text: str, voice: str) -> Samples:
    """``text`` at -20 dBFS RMS."""
    pcm = spoken(text, voice).astype(np.float32)
    return np.asarray(0.1 * pcm / np.sqrt(np.mean(pcm**2)), np.float32)


def power(samples: NDArray[np.floating]) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))


def decibels(ratio: float) -> float:
    return float(10 * np.log10(max(ratio, 1e-12)))


def noise(kind: str, count: int) -> Wave:
    """``white``, ``pink``, ``hum`` (50 Hz and seven harmonics), ``street`` or ``babble``."""
    random = np.random.default_rng(3)
    white = random.standard_normal(count)
    if kind == "pink":
        return _shaped(white, lambda hertz: 1 / np.sqrt(np.maximum(hertz, 40)))
    if kind == "hum":
        t = np.arange(count) / RATE
        harmonics = [np.sin(2 * np.pi * 50 * k * t + k) / k for k in range(1, 9)]
        return np.asarray(np.sum(harmonics, axis=0) + 0.05 * white)
    if kind == "street":
        return _street(white, random)
    if kind == "babble":
        voices = [spoken(text, voice).astype(np.float64) for voice, text in BABBLE]
        starts = random.integers(0, RATE, len(voices))
        return np.asarray(
            sum(
                np.resize(np.roll(np.append(voice, np.zeros(3000)), start), count) / voice.std()
                for voice, start in zip(voices, starts, strict=True)
            )
        )
    return white


def _shaped(white: Wave, gain: Callable[[Wave], Wave]) -> Wave:
    """``white`` with the spectrum ``gain(hertz)``, at an RMS of 1."""
    spectrum = np.fft.rfft(white) * gain(np.fft.rfftfreq(len(white), 1 / RATE))
    wave = np.fft.irfft(spectrum, len(white))
    return np.asarray(wave / wave.std())


def _street(white: Wave, random: np.random.Generator) -> Wave:
    """Rumble, 6 dB an octave down from 150 Hz, and cars that pass every 2 to 5 s, taking 2 to 4."""

    def low_pass(corner: float) -> Callable[[Wave], Wave]:
        return lambda hertz: (hertz > 60) / np.sqrt(1 + (hertz / corner) ** 2)

    rumble = _shaped(white, low_pass(150))
    tyres = _shaped(random.standard_normal(len(white)), low_pass(800))
    t = np.arange(len(white)) / RATE
    cars = np.zeros(len(white))
    at = -2.0
    while at < t[-1] + 3:
        at += random.uniform(2, 5)
        cars += random.uniform(0.6, 1.4) * np.exp(-0.5 * ((t - at) / random.uniform(1, 2)) ** 2)
    return rumble + tyres * cars


def mixture(voice: Samples, kind: str, snr_db: float) -> Samples:
    """``voice`` in noise that is ``snr_db`` below it; ``LEAD`` and ``TRAIL`` are noise alone."""
    clean = np.concatenate([np.zeros(LEAD), voice, np.zeros(TRAIL)])
    active = slice(LEAD, len(clean) - TRAIL)
    hiss = noise(kind, len(clean))
    hiss *= np.sqrt(power(clean[active]) / power(hiss[active])) * 10 ** (-snr_db / 20)
    return (clean + hiss).astype(np.float32)


def conditioned(frames: Samples, **stages: bool) -> Samples:
    """``frames`` (n, channels) through an engine with ``stages`` on: (channels, n)."""
    channels = frames.shape[1]
    engine = Engine(
        sample_rate=RATE,
        channels=channels,
        roles=[[index] for index in range(channels)],
        block_frames=160,
        high_pass_hz=0.0,
        ring_seconds=60,
    )
    engine.set_conditioning(**stages)
    reader = engine.speech_reader(len(frames))
    engine.push(np.ascontiguousarray(frames, np.float32), wait=True)
    engine.finish()
    window = reader.read(30)
    assert window is not None
    assert window.frames == len(frames)
    engine.close()
    return window.samples
