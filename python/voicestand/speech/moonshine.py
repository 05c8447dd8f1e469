"""Moonshine Voice (``voicestand[moonshine]``): streaming networks made for live speech."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from voicestand.speech.audio_log import SAMPLE_RATE, Pcm
from voicestand.speech.protocol import Transcript
from voicestand.speech.vocabulary import Term, left_out
from voicestand.speech.whole_utterance import SHORTEST, normalized

STEP = 2560
"""Samples, 0.16 s: the least multiple of the library's steps of 80 ms and of its windows of 512
samples. What is no multiple of it, the library would leave over."""

CHUNK = 3 * STEP
"""Samples between two passes, 0.48 s."""

LONGEST = CHUNK * 62
"""Samples heard as one, 29.8 s. The networks are made for 30 s at most, and the library gives no
more than 256 tokens: a longer utterance is heard in so long pieces."""

_OPTIONS = {
    # The utterance has been found already. The library's own detector would search it again, with a
    # state that it keeps from one utterance to the next. Zero takes everything for speech.
    "vad_threshold": "0.0",
    "vad_max_segment_duration": "60",
    "return_audio_data": "false",
    "identify_speakers": "false",
}

MOST_TERMS = 200
"""As many as the library takes where it chooses them itself: a longer list costs words that are not
in it."""

_NEVER = 1e9
"""Seconds. Left to itself the library decides by the clock when it makes a pass."""


class Moonshine:
    """A Moonshine network; passes are made after fixed numbers of samples.

    The transcript depends on the samples alone. NB: a pass takes the words of the one before as a
    draft that the network checks; that its rounding never tips a word is not ours to promise.
    """

    name = "moonshine"

    def __init__(self, folder: Path, terms: Sequence[Term] = ()) -> None:
        from moonshine_voice import ModelArch, Transcriber

        # The network's size stands in its files; the library only wants to know that it streams.
        kind = ModelArch.SMALL_STREAMING
        self._transcriber = Transcriber(str(folder), kind, options=_OPTIONS)
        self._force = int(self._transcriber.MOONSHINE_FLAG_FORCE_UPDATE)
        self._transcriber.set_keyterms([term.text for term in _usable(terms)])
        self._stream: Any = None
        self.start()

    @classmethod
    def unused(cls, model: Path | None, terms: Sequence[Term]) -> str | None:
        """See :class:`voicestand.speech.protocol.BiasedEngine`."""
        used = {term.text for term in _usable(terms)}
        rest = [term for term in terms if term.text not in used]
        return left_out(rest, terms, f"it takes the {MOST_TERMS} likeliest, none with a comma")

    def start(self) -> None:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        self._abandon()
        self._unheard = np.empty(0, dtype=np.int16)
        self._heard = 0
        self._before: list[str] = []
        self._text = ""

    def feed(self, samples: Pcm) -> None:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        self._unheard = np.concatenate([self._unheard, samples])
        while len(self._unheard) >= CHUNK:
            self._hear(self._unheard[:CHUNK])
            self._unheard = self._unheard[CHUNK:]

    def partial(self) -> str:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        return " ".join(filter(None, [*self._before, self._text]))

    def finish(self) -> Transcript:
        """See :class:`voicestand.speech.protocol.RecognizerEngine`."""
        if self._stream is not None or len(self._unheard) >= SHORTEST:
            # Never nothing: the library makes its last pass only where there is new audio.
            rest = np.zeros(len(self._unheard) // STEP * STEP + STEP, dtype=np.int16)
            rest[: len(self._unheard)] = self._unheard
            self._add(rest)
            self._end_piece()
        return Transcript(text=self.partial())

    def _hear(self, chunk: Pcm) -> None:
        self._add(chunk)
        if self._heard >= LONGEST:
            self._end_piece()
        else:
            self._text = _text(self._stream.update_transcription(self._force))

    def _add(self, samples: Pcm) -> None:
        if self._stream is None:
            self._stream = self._transcriber.create_stream(
                update_interval=_NEVER, transcribe_flags=self._force
            )
            self._stream.start()
        self._stream.add_audio(normalized(samples).tolist(), SAMPLE_RATE)
        self._heard += len(samples)

    def _end_piece(self) -> None:
        """Has the library hear to the end, also what it held back to look ahead; keeps the text."""
        transcript = self._stream.stop()
        if transcript is None:  # the stream tells its errors to listeners only
            raise RuntimeError("moonshine failed in its last pass")
        self._before.append(_text(transcript))
        self._text = ""
        self._heard = 0
        self._abandon()

    def _abandon(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream = None


def _usable(terms: Sequence[Term]) -> list[Term]:
    """The likeliest; the library parts them by commas."""
    whole = [term for term in terms if "," not in term.text]
    return sorted(whole, key=lambda term: -term.boost)[:MOST_TERMS]


def _text(transcript: Any) -> str:
    lines = (" ".join(line.text.split()) for line in transcript.lines)
    return " ".join(filter(None, lines))
