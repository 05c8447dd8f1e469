"""The embedded recognizer: CMU PocketSphinx with the English model that its package carries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from voicestand.speech.audio_log import SAMPLE_RATE, Pcm
from voicestand.speech.dictionary import Dictionary
from voicestand.speech.letter_to_sound import phones
from voicestand.speech.protocol import RecognizedWord, Transcript
from voicestand.speech.vocabulary import Term, left_out

HOLD_BACK = SAMPLE_RATE
"""Samples at the start of an utterance from which the cepstral mean is estimated before any of it
is decoded. NB: the model expects the mean over the whole utterance. With its standard mean instead,
the word error rate on real recordings rises from 0.31 to 0.39; holding back 1.5 s or more brings
no more."""

EARLY = SAMPLE_RATE // 2
"""Samples from which on there are partials while it is held back, decoded with the mean of so much.
They cost a few tenths of what the final does, and most of them change."""

CHUNK = 2048
"""Samples per call of the decoder. Its result depends on how the audio is cut, so it is always cut
in the same way from the utterance's first sample on."""

SHORTEST = SAMPLE_RATE // 10
"""Samples; there is no word in less, and the decoder fails on less than one of its frames."""

_MEAN_SEARCH = "mean"
_WORD_SEARCH = "_default"
"""The decoder's own name of the search over its language model."""

_FRAME_SECONDS = 0.01

_FILLER = re.compile(r"^(<.*>|\[.*\]|\+\+.*\+\+)$")
_PRONUNCIATION = re.compile(r"\(\d+\)$")


def plain_word(token: str) -> str:
    """The word in a token of the decoder: without ``(2)``; empty for silence, noise and fillers."""
    return "" if _FILLER.match(token) else _PRONUNCIATION.sub("", token)


class PocketSphinx:
    """The decoder, its state reset for every utterance."""

    name = "pocketsphinx"

    def __init__(self, terms: Sequence[Term] = ()) -> None:
        """``terms``: words besides those of its dictionary."""
        from pocketsphinx import Decoder

        # All passes stay on. Without the second one (fwdflat) the final of an utterance of real
        # speech would take 0.03 s instead of 0.15 s (longest 0.24 s instead of 0.74 s), its words
        # as often right on the whole, but less often those of the decoder as it is commonly run.
        self._decoder = Decoder(samprate=SAMPLE_RATE, loglevel="FATAL")
        # Ending an utterance searches it, whatever was asked for: the mean is taken under a search
        # for one word, which costs next to nothing.
        self._decoder.add_keyphrase(_MEAN_SEARCH, "oh")
        self._decoder.activate_search(_WORD_SEARCH)
        self._dictionary = Dictionary(self._decoder, _WORD_SEARCH, terms)
        self._standard_mean = self._decoder.get_cmn(False)
        self._unheard: list[Pcm] = []
        self._unheard_samples = 0
        self._decoding = False

    @classmethod
    def unused(cls, model: Path | None, terms: Sequence[Term]) -> str | None:
        """See :class:`voicestand.speech.protocol.BiasedEngine`."""
        mute = [term for term in terms if not (term.phones or phones(term.text))]
        return left_out(mute, terms, "say behind | how they are spoken")

    def start(self) -> None:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        if self._decoding:
            self._decoder.end_utt()
        self._decoding = False
        self._unheard = []
        self._unheard_samples = 0

    def feed(self, samples: Pcm) -> None:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        self._unheard.append(samples)
        self._unheard_samples += len(samples)
        if not self._decoding and self._unheard_samples < HOLD_BACK:
            return
        self._decode(at_end=False)

    def partial(self) -> str:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        if self._decoding:
            return self._text()
        return self._early() if self._unheard_samples >= EARLY else ""

    def _early(self) -> str:
        """What is believed of an opening; nothing of it is left when the audio is decoded."""
        opening = np.concatenate(self._unheard)
        self._begin(opening)
        self._decoder.process_raw(opening.tobytes())
        text = self._text()
        self._decoder.end_utt()
        self._decoding = False
        return text

    def finish(self) -> Transcript:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        if not self._decoding and self._unheard_samples < SHORTEST:
            return Transcript(text="")
        self._decode(at_end=True)
        self._decoder.end_utt()
        self._decoding = False
        return Transcript(text=self._text(), words=self._words())

    def _decode(self, *, at_end: bool) -> None:
        """Decodes the whole chunks of what is unheard; at the end, the rest too."""
        audio = np.concatenate(self._unheard) if self._unheard else np.empty(0, dtype=np.int16)
        if not self._decoding:
            self._begin(audio[:HOLD_BACK])
        stop = len(audio) if at_end else len(audio) // CHUNK * CHUNK
        for at in range(0, stop, CHUNK):
            self._decoder.process_raw(audio[at : min(at + CHUNK, stop)].tobytes())
        self._unheard = [audio[stop:]]
        self._unheard_samples = len(audio) - stop

    def _begin(self, opening: Pcm) -> None:
        """Begins to decode, with the cepstral mean and the noise floor of ``opening``."""
        decoder = self._decoder
        decoder.reinit_feat()  # forgets the noise floor of earlier utterances, in 0.1 ms
        decoder.activate_search(_MEAN_SEARCH)
        decoder.start_utt()
        decoder.process_raw(opening.tobytes(), no_search=True, full_utt=True)
        decoder.end_utt()
        mean = decoder.get_cmn(False)
        if "nan" in mean:  # digital silence: no frame had any energy
            mean = self._standard_mean
        decoder.activate_search(_WORD_SEARCH)
        decoder.set_cmn(mean)
        decoder.start_utt()
        self._decoding = True

    def _text(self) -> str:
        hypothesis = self._decoder.hyp()
        if hypothesis is None:
            return ""
        return " ".join(filter(None, map(self._written, hypothesis.hypstr.split())))

    def _written(self, token: str) -> str:
        return self._dictionary.text(plain_word(token))

    def _words(self) -> list[RecognizedWord]:
        logmath = self._decoder.logmath
        words = []
        for segment in self._decoder.seg() or ():
            if not (text := self._written(segment.word)):
                continue
            words.append(
                RecognizedWord(
                    text=text,
                    start=round(segment.start_frame * _FRAME_SECONDS, 2),
                    end=round((segment.end_frame + 1) * _FRAME_SECONDS, 2),
                    confidence=round(min(1.0, logmath.exp(segment.prob)), 3),
                )
            )
        return words
