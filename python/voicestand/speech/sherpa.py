"""sherpa-onnx (``voicestand[sherpa]``): streaming networks of many kinds, and others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from voicestand.speech.audio_log import SAMPLE_RATE, Pcm
from voicestand.speech.protocol import RecognizedWord, Transcript
from voicestand.speech.sherpa_hotwords import hotwords, unused
from voicestand.speech.sherpa_model import SherpaModel, sherpa_model
from voicestand.speech.vocabulary import Term, writer
from voicestand.speech.whole_utterance import SHORTEST, Samples, WholeUtterance, normalized

THREADS = 1
"""Of the network, beside the process's own."""

TAIL = SAMPLE_RATE * 2 // 3
"""Samples of silence behind the utterance, so that a streaming network gets its last piece whole;
a network may look 0.64 s at a time."""

_TOKEN_SECONDS = 0.04
"""A token's time is that of its frame; frames are so long in the networks that state times."""

_BOUNDARIES = ("▁", " ")
"""What a token begins with that begins a word."""


class SherpaOnnx:
    """A folder's model, whatever its kind.

    The transcript depends on the samples alone: features are computed without dither, the network
    sees pieces counted from the utterance's first sample, in a stream of its own.
    """

    name = "sherpa-onnx"

    def __init__(self, folder: Path, terms: Sequence[Term] = ()) -> None:
        model = sherpa_model(folder)
        self._engine = (_Streaming if model.streaming else _Whole)(model, terms)

    @classmethod
    def unused(cls, model: Path | None, terms: Sequence[Term]) -> str | None:
        """See :class:`voicestand.speech.protocol.BiasedEngine`."""
        assert model is not None
        return unused(sherpa_model(model), terms)

    def start(self) -> None:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        self._engine.start()

    def feed(self, samples: Pcm) -> None:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        self._engine.feed(samples)

    def partial(self) -> str:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        return self._engine.partial()

    def finish(self) -> Transcript:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        return self._engine.finish()


class _Streaming:
    def __init__(self, model: SherpaModel, terms: Sequence[Term]) -> None:
        from sherpa_onnx import OnlineRecognizer

        self._recognizer, self._readable = _made(OnlineRecognizer, model, terms)
        self.start()

    def start(self) -> None:
        self._stream = self._recognizer.create_stream()
        self._length = 0

    def feed(self, samples: Pcm) -> None:
        self._length += len(samples)
        self._hear(normalized(samples))

    def partial(self) -> str:
        return self._readable(self._recognizer.get_result(self._stream))

    def finish(self) -> Transcript:
        if self._length < SHORTEST:
            return Transcript(text="")
        self._hear(np.zeros(TAIL, dtype=np.float32))
        self._stream.input_finished()
        self._decode()
        result = self._recognizer.get_result_all(self._stream)
        text = self._readable(result.text)
        words = words_of(result.tokens, result.timestamps, self._length / SAMPLE_RATE)
        return Transcript(text=text, words=as_written(words, text))

    def _hear(self, samples: Samples) -> None:
        if len(samples):
            self._stream.accept_waveform(SAMPLE_RATE, samples)
            self._decode()

    def _decode(self) -> None:
        while self._recognizer.is_ready(self._stream):
            self._recognizer.decode_stream(self._stream)


class _Whole:
    def __init__(self, model: SherpaModel, terms: Sequence[Term]) -> None:
        from sherpa_onnx import OfflineRecognizer

        self._recognizer, self._readable = _made(OfflineRecognizer, model, terms)
        self._utterance = WholeUtterance(self._recognize)
        self.start = self._utterance.start
        self.feed = self._utterance.feed
        self.partial = self._utterance.partial

    def finish(self) -> Transcript:
        return Transcript(text=self._utterance.finish())

    def _recognize(self, samples: Samples) -> str:
        stream = self._recognizer.create_stream()
        stream.accept_waveform(SAMPLE_RATE, samples)
        self._recognizer.decode_stream(stream)
        return self._readable(stream.result.text)


def _made(kind: Any, model: SherpaModel, terms: Sequence[Term]) -> tuple[Any, Callable[[str], str]]:
    """A recognizer of the library's class ``kind``, and how to read what it writes."""
    with hotwords(model, terms) as biased:
        recognizer = getattr(kind, model.method)(**model.files, **biased, num_threads=THREADS)
    written = writer(terms if biased else ())
    return recognizer, lambda text: readable(text, written)


def readable(text: str, written: Callable[[str], str] = str) -> str:
    """Networks trained on LibriSpeech know capital letters only; ``written`` gives names theirs."""
    text = " ".join(text.split())
    return written(text.lower()) if text.isupper() else text


def as_written(words: list[RecognizedWord], text: str) -> list[RecognizedWord]:
    """The words as ``text`` has them; none where it has others."""
    found = text.split()
    if [word.text.lower() for word in words] != [word.lower() for word in found]:
        return []
    replace = msgspec.structs.replace
    return [replace(word, text=text) for word, text in zip(words, found, strict=True)]


def words_of(tokens: list[str], times: list[float], length: float) -> list[RecognizedWord]:
    """The words that ``tokens`` spell, each from its first token's time to its last one's end.

    No time is beyond ``length`` (seconds): the network also heard silence behind the utterance.
    Empty where it states no times.
    """
    if len(tokens) != len(times):
        return []
    words: list[tuple[str, float, float]] = []
    for token, time in zip(tokens, times, strict=True):
        piece = readable(token.replace("▁", " "))
        if not words or token.startswith(_BOUNDARIES):
            words.append((piece, time, time))
        else:
            text, start, _ = words[-1]
            words[-1] = (text + piece, start, time)
    return [
        RecognizedWord(
            text=text,
            start=round(min(start, length), 2),
            end=round(min(end + _TOKEN_SECONDS, length), 2),
        )
        for text, start, end in words
        if text
    ]
