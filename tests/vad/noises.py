"""Sounds without speech, made of NumPy: float32, 16 kHz, the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
Sound = NDArray[np.float32]


def coloured(rng: np.random.Generator, count: int, exponent: float) -> Sound:
    """Noise whose power falls with that power of the frequency; its standard deviation is 1."""
    spectrum = np.fft.rfft(rng.normal(size=count))
    frequencies = np.maximum(np.arange(len(spectrum)), 1.0)
    sound = np.fft.irfft(spectrum / frequencies ** (exponent / 2), count)
    return np.asarray(sound / sound.std(), np.float32)


def silence(rng: np.random.Generator, count: int) -> Sound:
    """A quiet room: -80 dBFS of noise."""
    return rng.normal(0, 1e-4, count).astype(np.float32)


def fan(rng: np.random.Generator, count: int) -> Sound:
    """Pink noise with a mains hum."""
    time = np.arange(count) / RATE
    hum = sum(np.sin(2 * np.pi * 50 * k * time) / k for k in (1, 2, 3, 5))
    return (0.02 * coloured(rng, count, 1.0) + 0.01 * np.asarray(hum)).astype(np.float32)


def keyboard(rng: np.random.Generator, count: int) -> Sound:
    """Somebody types: clicks of keys that go down and up, with pauses between words."""
    sound = silence(rng, count) * 10
    now = 0
    while now < count - RATE // 2:
        now += int(RATE * (rng.gamma(2, 0.09) + (rng.exponential(2) if rng.random() < 0.05 else 0)))
        for start, force in ((now, 1.0), (now + int(RATE * rng.uniform(0.05, 0.1)), 0.5)):
            time = np.arange(int(RATE * rng.uniform(0.01, 0.03))) / RATE
            click = 0.6 * rng.normal(size=len(time))
            click += np.sin(2 * np.pi * rng.uniform(1500, 4500) * time)
            click += 0.5 * np.sin(2 * np.pi * rng.uniform(150, 400) * time)
            click *= force * rng.uniform(0.1, 0.4) * np.exp(-time * rng.uniform(150, 400))
            _mix(sound, click, start)
    return sound


def music(rng: np.random.Generator, count: int) -> Sound:
    """Four chords, a melody with vibrato, a bass drum and a snare, at 120 beats a minute."""
    sound = np.zeros(count, np.float32)
    beat = RATE // 2
    for index, start in enumerate(range(0, count, beat)):
        degree = (0, 5, 3, 4)[index // 4 % 4]
        if index % 4 == 0:
            for third in (0, 2, 4):
                _mix(sound, _note(rng, _scale(degree + third, 110.0), 2.0, 0.6, 0.05), start)
        for offset in (0, beat // 2):
            if rng.random() < 0.7:
                hertz = _scale(int(rng.integers(7)), 440.0)
                seconds = float(rng.choice([0.25, 0.5, 1.0]))
                _mix(sound, _note(rng, hertz, seconds, 3.0, 0.08, vibrato=0.01), start + offset)
        time = np.arange(RATE // 8) / RATE
        drum = 0.3 * np.exp(-30 * time) * np.sin(2 * np.pi * (50 + 60 * np.exp(-40 * time)) * time)
        snare = 0.15 * np.exp(-40 * time) * rng.normal(size=len(time))
        _mix(sound, snare if index % 2 else drum, start)
    return sound


def street(rng: np.random.Generator, count: int) -> Sound:
    """Rumble, cars that pass (tyres and engine), now and then a horn."""
    sound = 0.02 * coloured(rng, count, 1.5)
    now = 0
    while now < count:
        now += int(RATE * rng.exponential(4))
        place = np.linspace(-1, 1, int(RATE * rng.uniform(3, 7)))
        engine = np.cumsum(rng.uniform(60, 120) * (1 - 0.06 * np.tanh(3 * place))) / RATE
        car = 0.05 * sum(np.sin(2 * np.pi * k * engine) / k for k in range(1, 8))
        car = np.exp(-6 * place**2) * (np.asarray(car) + 0.1 * coloured(rng, len(place), 1.0))
        _mix(sound, car, now)
        if rng.random() < 0.2:
            time = np.arange(int(RATE * rng.uniform(0.3, 1))) / RATE
            horn = sum(np.sign(np.sin(2 * np.pi * hertz * time)) for hertz in (400, 500))
            _mix(sound, 0.05 * np.asarray(horn), now)
    return sound


KINDS: dict[str, Callable[[np.random.Generator, int], Sound]] = {
    "silence": silence,
    "fan": fan,
    "keyboard": keyboard,
    "music": music,
    "street": street,
}


def _scale(degree: int, root: float) -> float:
    """Hz of a degree of the major scale on ``root``."""
    steps = (0, 2, 4, 5, 7, 9, 11)
    return float(root * 2 ** (degree // 7 + steps[degree % 7] / 12))


def _note(
    rng: np.random.Generator,
    hertz: float,
    seconds: float,
    decay: float,
    level: float,
    vibrato: float = 0.0,
) -> NDArray[np.float64]:
    """A plucked string of eight harmonics; ``vibrato``: the share by which its pitch sways."""
    time = np.arange(int(RATE * seconds)) / RATE
    sway = vibrato * np.sin(2 * np.pi * 5.5 * time) / (2 * np.pi * 5.5)
    phase = 2 * np.pi * hertz * (time + sway)
    tone = sum(np.sin(k * phase + rng.uniform(0, 6)) / k**1.2 for k in range(1, 9))
    envelope = level * np.minimum(1, 40 * time) * np.exp(-decay * time)
    return np.asarray(envelope * tone)


def _mix(sound: Sound, part: NDArray[np.float64], start: int) -> None:
    end = min(start + len(part), len(sound))
    if start < end:
        sound[start:end] += part[: end - start].astype(np.float32)
