"""The demo call: what is shipped, and that the default playbook hears it through a recognizer."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from pocketsphinx import Decoder
from tests.coach.spoken_finals import final

from voicestand import demo
from voicestand.coach import Coach
from voicestand.coach.playbook import find

CHANNELS = ["self", "other"]
RATE = 16_000
PRE_ROLL = 0.3
"""Seconds around an utterance that a recognizer also hears."""
FITTING = {
    "pain": "hours every week",
    "price-question": "how much does it cost",
    "buying-signal": "sounds great",
    "price-objection": "too expensive",
    "competitor": "also looking at",
    "integration": "work with our",
    "security": "where is the data",
    "authority": "ask my boss",
    "closing-question": "on the next step",
    "next-step": "send me the details",
}
"""The words of the script that each suggestion answers."""


@pytest.fixture(scope="module")
def recording() -> NDArray[np.float32]:
    """float32[2, frames] at 16 kHz."""
    resampler = av.AudioResampler("fltp", "stereo", RATE)
    blocks = []
    with av.open(str(demo.recording())) as container:
        (stream,) = container.streams.audio
        assert stream.channels == 2
        for frame in container.decode(stream):
            blocks += [block.to_ndarray() for block in resampler.resample(frame)]
    return np.concatenate([*blocks, *(b.to_ndarray() for b in resampler.resample(None))], axis=1)


@pytest.fixture(scope="module")
def heard(recording: NDArray[np.float32]) -> list[str]:
    """What the embedded recognizer makes of each utterance, one decoder a channel."""
    decoders = {channel: Decoder(samprate=float(RATE), loglevel="FATAL") for channel in CHANNELS}
    texts = []
    for line in demo.reference():
        first, last = round((line.start - PRE_ROLL) * RATE), round((line.end + PRE_ROLL) * RATE)
        samples = recording[CHANNELS.index(line.channel), first:last]
        decoder = decoders[line.channel]
        decoder.start_utt()
        pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2")
        for at in range(0, len(pcm), RATE // 10):
            decoder.process_raw(pcm[at : at + RATE // 10].tobytes())
        decoder.end_utt()
        hypothesis = decoder.hyp()
        texts.append(hypothesis.hypstr if hypothesis else "")
    return texts


def suggested(texts: list[str]) -> dict[str, str]:
    """Trigger and the script's words at that moment."""
    coach = Coach(find("sales-call"), CHANNELS)
    given = {}
    for line, text in zip(demo.reference(), texts, strict=True):
        for suggestion in coach.on_final(final(line.channel, line.start, line.end, text)):
            given[suggestion.trigger] = line.text.lower()
    return given


def test_the_recording_is_small_and_lasts_as_long_as_promised(
    recording: NDArray[np.float32],
) -> None:
    assert demo.recording().stat().st_size < 1_000_000
    assert 60 <= recording.shape[1] / RATE <= 90


def test_the_reference_describes_a_call_of_two_with_one_overlap_at_most() -> None:
    lines = demo.reference()
    assert {line.channel for line in lines} == set(CHANNELS)
    assert all(line.start < line.end for line in lines)
    overlaps = sum(b.start < a.end for a, b in itertools.pairwise(lines))
    assert overlaps <= 1


def test_each_speaker_is_on_one_channel_only(recording: NDArray[np.float32]) -> None:
    for line in demo.reference()[:8]:
        first, last = round((line.start + 0.1) * RATE), round((line.end - 0.1) * RATE)
        level = np.sqrt(np.mean(recording[:, first:last] ** 2, axis=1))
        speaking, silent = CHANNELS.index(line.channel), 1 - CHANNELS.index(line.channel)
        assert level[speaking] > 0.01
        assert level[silent] < 0.001


def test_the_default_playbook_fits_what_was_said() -> None:
    given = suggested([line.text for line in demo.reference()])
    assert len(given) >= 6
    assert all(FITTING[trigger] in text for trigger, text in given.items())


def test_the_default_playbook_fits_what_the_recognizer_heard(heard: list[str]) -> None:
    given = suggested(heard)
    assert len(given) >= 4, heard
    assert all(FITTING[trigger] in text for trigger, text in given.items())
    assert {"price-objection", "competitor"} <= set(given)


def test_the_script_makes_the_same_call_again(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "scripts" / "make_demo_call.py"
    digests = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        subprocess.run([sys.executable, str(script), str(folder)], check=True)
        audio = (folder / "sales-call.ogg").read_bytes()
        digests.append(hashlib.sha256(audio).hexdigest())
        shipped = demo.recording().with_suffix(".tsv").read_text()
        assert (folder / "sales-call.tsv").read_text() == shipped
    assert digests[0] == digests[1]
