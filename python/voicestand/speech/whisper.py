"""Whisper by OpenVINO GenAI (``voicestand[whisper]``): whole utterances, many languages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from voicestand.speech.audio_log import Pcm
from voicestand.speech.prompt import prompt, unprompted
from voicestand.speech.protocol import Transcript
from voicestand.speech.vocabulary import Term
from voicestand.speech.whole_utterance import Samples, WholeUtterance
from voicestand.vad.runtime import openvino

CPU = "CPU"

PRECISION = "f32"
"""Of the CPU. NB: on processors with AMX its plugin computes in bf16 unless it is told not to: the
same audio would have another transcript on another machine."""


class Whisper:
    """A Whisper network in OpenVINO's format, greedily decoded.

    The transcript depends on the samples alone: nothing is kept between two utterances, and what a
    partial found is not used by the final.
    """

    name = "whisper"

    def __init__(self, folder: Path, terms: Sequence[Term] = (), *, device: str = CPU) -> None:
        """``device``: of OpenVINO, by its own name; it computes there or raises."""
        openvino()  # before openvino_genai imports it, with its telemetry
        from openvino_genai import WhisperPipeline

        options = {"INFERENCE_PRECISION_HINT": PRECISION} if device == CPU else {}
        self._pipeline = WhisperPipeline(str(folder), device, **options)
        self._config = self._pipeline.get_generation_config()
        self._config.num_beams = 1
        self._config.do_sample = False
        if self._config.is_multilingual:  # networks for English alone refuse to be told
            self._config.task = "transcribe"
            self._config.language = "<|en|>"
        if terms:
            # NB: initial_prompt would stand before the first 30 s of a longer utterance only.
            self._config.hotwords = prompt(terms)
        self._utterance = WholeUtterance(self._recognize)

    @classmethod
    def unused(cls, model: Path | None, terms: Sequence[Term]) -> str | None:
        """See :class:`voicestand.speech.protocol.BiasedEngine`."""
        return unprompted(terms)

    def start(self) -> None:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        self._utterance.start()

    def feed(self, samples: Pcm) -> None:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        self._utterance.feed(samples)

    def partial(self) -> str:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        return self._utterance.partial()

    def finish(self) -> Transcript:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        return Transcript(text=self._utterance.finish())

    def _recognize(self, samples: Samples) -> str:
        return " ".join(str(self._pipeline.generate(samples, self._config)).split())
