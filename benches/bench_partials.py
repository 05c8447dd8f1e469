"""Claim: the first partial comes within 500 ms of the end of the first word, and stable text stays.

Peer: the bare embedded engine in the benching process, fed the same audio at the same pace, which
decodes nothing of an utterance before its first second is there. Input: 12 utterances of flite
speech at real pace in blocks of 32 ms, told 0.2 s after speech began, with 0.3 s before it. Unit:
milliseconds from the end of the first word (as the final places it) to the first text.
"""

from __future__ import annotations

import threading
import time

import numpy as np
from tests.speech.hearing import PATIENCE, Pcm, spoken

from voicestand.bench.record import Bound, record
from voicestand.config import SpeechSettings
from voicestand.speech.pocketsphinx import HOLD_BACK, PocketSphinx
from voicestand.speech.recognizer import FinalResult, PartialResult, Recognizer

CLAIM_MS = 500.0
RATE = 16_000
BLOCK = 512
PRE_ROLL = 0.3
KNOWN_AFTER = 0.2
INTERVAL = 0.3
TEXTS = (
    "thank you for calling how can i help you today",
    "we would like to know more about the price",
    "could you send me the contract before the end of the week",
    "that sounds good let us meet again on tuesday",
)
UTTERANCES = 12


def padded(number: int) -> Pcm:
    speech = spoken(TEXTS[number % len(TEXTS)])
    return np.concatenate([np.zeros(round(PRE_ROLL * RATE), np.int16), speech])


class Ear:
    """A recognizer; its partials and finals are stamped when they arrive."""

    def __init__(self) -> None:
        self.partials: list[tuple[float, PartialResult]] = []
        self.final: FinalResult | None = None
        self.arrived = threading.Event()
        self.recognizer = Recognizer(
            "self",
            SpeechSettings(engine="pocketsphinx", partial_interval=INTERVAL),
            on_partial=lambda one: self.partials.append((time.monotonic(), one)),
            on_final=self._final,
            on_alert=lambda *_: None,
        )
        self.recognizer.start()
        assert self.recognizer.wait_ready(PATIENCE)

    def _final(self, final: FinalResult) -> None:
        self.final = final
        self.arrived.set()

    def say(self, name: str, audio: Pcm) -> float | None:
        """Milliseconds from the end of the first word to the first text; None without a word."""
        self.arrived.clear()
        self.partials.clear()
        start = self.recognizer.head
        samples = audio.astype(np.float32) / np.float32(32768)
        began = time.monotonic()
        told = False
        for at in range(0, len(samples), BLOCK):
            self.recognizer.write(samples[at : at + BLOCK])
            if not told and at >= (PRE_ROLL + KNOWN_AFTER) * RATE:
                told = True
                self.recognizer.begin(name, start)
            wait_for(began, at + BLOCK)
        self.recognizer.end(name, self.recognizer.head)
        assert self.arrived.wait(PATIENCE)
        assert self.final is not None
        texts = [moment for moment, one in self.partials if one.text]
        if not texts or not self.final.words:
            return None
        return 1e3 * (texts[0] - began - (self.final.words[0].end - start / RATE))

    def broken(self) -> tuple[int, int]:
        """Of the last utterance's stable words, those that the final has otherwise; all of them."""
        assert self.final is not None
        _, last = self.partials[-1] if self.partials else (0.0, None)
        stable = last.text[: last.stable].split() if last else []
        said = self.final.text.split()
        return sum(a != b for a, b in zip(stable, said, strict=False)), len(stable)


def wait_for(began: float, samples: int) -> None:
    time.sleep(max(0.0, began + samples / RATE - time.monotonic()))


def bare(engine: PocketSphinx, audio: Pcm) -> float | None:
    """The same of the bare engine, which is asked after every interval."""
    engine.start()
    began = time.monotonic()
    first = None
    for at in range(0, len(audio), BLOCK):
        engine.feed(audio[at : at + BLOCK])
        wait_for(began, at + BLOCK)
        # Before, it decodes only because it is asked for a partial.
        if first is None and at >= HOLD_BACK and engine.partial():
            first = time.monotonic()
    words = engine.finish().words
    return None if first is None or not words else 1e3 * (first - began - words[0].end)


def test_first_partial_after_the_first_word() -> None:
    engine = PocketSphinx()
    ear = Ear()
    ours: list[float] = []
    alone: list[float] = []
    wrong = stable = 0
    try:
        for number in range(UTTERANCES):
            audio = padded(number)
            for found, into in ((ear.say(str(number), audio), ours), (bare(engine, audio), alone)):
                if found is not None:
                    into.append(found)
            one, several = ear.broken()
            wrong, stable = wrong + one, stable + several
    finally:
        ear.recognizer.close()
    record(
        "first-partial",
        f"the first text comes less than {CLAIM_MS:.0f} ms after the end of the first word",
        input=f"{UTTERANCES} utterances at real pace",
        unit="ms",
        ours=ours,
        peers={"bare engine, without its early decoding": alone},
        bounds=[Bound(CLAIM_MS)],
    )
    print(f"\nfirst partial after the first word's end: {np.median(ours):.0f} ms in the median, ")
    print(f"without early decoding {np.median(alone):.0f} ms")
    print(f"stable words that the final has otherwise: {wrong} of {stable}")
