"""The thread that listens to one source: windows of speech → voice activity → utterances."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from voicestand.audio.source import SPEECH_RATE, Source
from voicestand.session.inbox import Heard, Stopped
from voicestand.session.latency import EndOfSpeech
from voicestand.vad.endpointer import Endpoint, Onset
from voicestand.vad.windows import HOP

if TYPE_CHECKING:
    from voicestand.speech.recognizer import Recognizer
    from voicestand.vad.live import LiveVad

LOOK_AROUND = 0.5
"""Seconds without audio after which the source is asked what is the matter."""
MOST_WAIT = 60.0
"""Seconds a file waits at a time for a recognizer that is behind."""
READ_AHEAD = 30.0
"""Seconds of speech, besides the utterance that goes on, by which a file may be ahead of its
recognizer: what an interrupted session still has to finish."""


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """Frames of the source: ``captured = delivered + lost`` once the listener has stopped."""

    captured: int = 0
    delivered: int = 0
    lost: int = 0
    overflows: int = 0
    missing: int = 0
    """Frames the source never gave, since it was away or lost them: neither captured nor lost."""

    def __add__(self, other: Books) -> Books:
        return Books(
            captured=self.captured + other.captured,
            delivered=self.delivered + other.delivered,
            lost=self.lost + other.lost,
            overflows=self.overflows + other.overflows,
            missing=self.missing + other.missing,
        )


class Ear:
    """One channel: its voice activity, its recognizer."""

    def __init__(
        self,
        channel: str,
        vad: LiveVad,
        recognizer: Recognizer,
        tell: Callable[[Heard | Stopped], None],
        *,
        longest: float,
    ) -> None:
        """``longest``: seconds of the longest utterance there can be."""
        self.channel = channel
        self._read_ahead = round((longest + READ_AHEAD) * SPEECH_RATE)
        self.recognizer = recognizer
        self._vad = vad
        self._tell = tell
        self._count = 0
        self._utterance = ""

    def let_catch_up(self) -> None:
        """Waits while the recognizer is far behind; for sources that can wait."""
        free = max(HOP, self.recognizer.capacity - self._read_ahead)
        while not self.recognizer.wait_for_room(free, MOST_WAIT):
            pass

    def hear(self, window: NDArray[np.float32], frames: int, end: int, end_time: float) -> None:
        """Takes one window of 512 samples, of which ``frames`` count; ``end`` is where it ends.

        ``end`` in samples of the channel's clock, ``end_time`` the moment its end was converted.
        """
        self.recognizer.write(window[:frames])
        for what in self._vad.hear(window):
            self._pass_on(what, end, end_time)
        if (assured := self._vad.assured) is not None:
            self.recognizer.assure(assured)

    def finish(self, end: int, end_time: float) -> None:
        """The audio ended at ``end``: an utterance that goes on ends here."""
        for what in self._vad.finish(end):
            self._pass_on(what, end, end_time)

    def _pass_on(self, what: Onset | Endpoint, now: int, now_time: float) -> None:
        if isinstance(what, Onset):
            self._count += 1
            self._utterance = f"{self.channel}-{self._count}"
        moments = None
        if isinstance(what, Endpoint):
            moments = EndOfSpeech(
                spoken=now_time - (now - what.end) / SPEECH_RATE, decidable=now_time
            )
        # Told first: whoever hears of a transcript has heard of its utterance before.
        self._tell(
            Heard(
                channel=self.channel,
                utterance=self._utterance,
                what=what,
                end_of_speech=moments,
            )
        )
        if isinstance(what, Onset):
            self.recognizer.begin(self._utterance, what.audio_start, self._vad.assured)
        else:
            self.recognizer.end(self._utterance, what.audio_end)


class Listener:
    """Listens to ``source`` until it ends, in a thread of its own."""

    def __init__(
        self,
        source: Source,
        ears: Sequence[Ear],
        tell: Callable[[Heard | Stopped], None],
        limit: float | None = None,
    ) -> None:
        """``ears``: one for each role of the source, in order. ``tell`` is called in the thread.

        ``limit``: seconds of audio after which the source is stopped.
        """
        self.source = source
        # A sample less: a file that ends there itself counts in frames of its own rate.
        self._limit = None if limit is None else round(limit * SPEECH_RATE) - 1
        self.limited = False
        """Whether the limit ended it."""
        self._ears = ears
        self._tell = tell
        self._reader = source.engine.speech_reader(HOP)
        self._books = Books()
        self._delivered = 0
        self._lost = 0
        self.position = 0
        """Samples heard so far."""
        self.turns = 0
        """How often it has looked for audio: twice a second at least, whether there is any."""
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        """Begins to listen; the source may be started before or after."""
        self._thread.start()

    @property
    def thread(self) -> int | None:
        """Kernel identifier of the thread; ``None`` while it does not run."""
        return self._thread.native_id if self._thread.is_alive() else None

    def join(self) -> None:
        """Waits until everything was heard."""
        if self._thread.is_alive():
            self._thread.join()

    def books(self) -> Books:
        """Where the frames of the source are; exact once the listener has stopped."""
        try:
            books = self.source.engine.books()
        except ValueError:  # the source is closed: a view may ask once more
            return self._books
        # A device that speaks on after the end was not heard; what was not read of a file is
        # still in it.
        refused = books["rejected"] if self.source.live else 0
        self._books = Books(
            captured=books["captured"] + refused,
            delivered=self._delivered,
            lost=self._lost + books["lost_before_dsp"] + refused,
            overflows=books["overflows"],
            missing=books["missing"],
        )
        return self._books

    def _run(self) -> None:
        trouble: str | None = None
        try:
            trouble = self._listen()
        except Exception as error:
            trouble = f"listening to {self.source.name} failed: {type(error).__name__}: {error}"
            self.source.stop()
        damaged = self.source.damaged
        self._tell(Stopped(source=self.source.name, trouble=trouble, damaged=damaged))

    def _listen(self) -> str | None:
        trouble = None
        end_time = time.monotonic()
        while True:
            self.turns += 1
            try:
                window = self._reader.read(LOOK_AROUND)
            except TimeoutError:
                if trouble is None and (trouble := self.source.trouble()):
                    # What has come is still in the rings; it is heard before the end.
                    self.source.stop()
                continue
            if window is None:
                break
            self._delivered, self._lost = self._reader.delivered, self._reader.lost
            end_time = window.end_adc_time
            self.position = window.first_frame + window.frames
            for ear, samples in zip(self._ears, window.samples, strict=True):
                if not self.source.live:
                    ear.let_catch_up()
                ear.hear(samples, window.frames, self.position, end_time)
            if self._limit is not None and self.position >= self._limit and not self.limited:
                self.limited = True
                self.source.stop()
        self._delivered, self._lost = self._reader.delivered, self._reader.lost
        for ear in self._ears:
            ear.finish(self.position, end_time)
        return trouble or self.source.trouble()
