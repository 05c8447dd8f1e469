"""Where utterances begin and end on a live channel, from the probabilities of its windows.

Pure arithmetic on a stream of probabilities: no audio, no clock, constant memory. All positions
are samples at 16 kHz on the channel's clock; window ``k`` is the samples ``[512 k, 512 (k + 1))``.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Literal

import msgspec

from voicestand.config import RULES, Settings, VadSettings
from voicestand.errors import InputError
from voicestand.vad.cut import Window, weakest
from voicestand.vad.tracker import SegmentTracker, Span
from voicestand.vad.windows import HOP, LATENESS, samples, windows


class Onset(msgspec.Struct, frozen=True):
    """Somebody speaks: emitted once ``min_speech`` of it was heard."""

    start: int
    """The estimated first sample of speech."""
    audio_start: int
    """The first sample the recognizer should hear: ``pre_roll`` earlier, where there is audio
    that no earlier utterance has."""


class Endpoint(msgspec.Struct, frozen=True):
    """The utterance of the last ``Onset`` is complete."""

    start: int
    end: int
    """One past the estimated last sample of speech."""
    audio_start: int
    audio_end: int
    """One past the last sample the recognizer should hear: at most ``post_roll`` after ``end``."""
    reason: Literal["silence", "longest", "end"]
    """``longest``: cut while speech went on; the next utterance's audio begins at ``audio_end``."""
    segments: tuple[Span, ...] = ()
    """The speech within its audio: its pauses, also those too short to end it, are left out."""


class _Utterance:
    """The utterance that is going on."""

    def __init__(self, start: int, audio_start: int, voiced_end: int, tail: deque[Window]) -> None:
        self.start = start
        self.audio_start = audio_start
        self.voiced_end = voiced_end
        """One past the last window whose probability reached ``release``."""
        self.tail = tail
        """Its last windows: where it may be cut."""

    @property
    def end(self) -> int:
        """The tight end, were no more speech to follow."""
        return max(self.voiced_end - LATENESS, self.start + HOP)


class Endpointer:
    """Turns probabilities into utterances: each ``Onset`` is followed by exactly one ``Endpoint``.

    Speech begins at a window that reaches ``onset`` when, of the windows from there on,
    ``min_speech`` reach ``release`` within twice that time; it ends when no window has reached
    ``release`` for ``min_silence``. An utterance whose audio would become longer than
    ``max_utterance`` is cut at the weakest place of its last quarter, and the next one begins
    with the very next sample: no word is heard twice, none is lost.

    Raises ``InputError`` when the settings contradict each other.
    """

    def __init__(self, settings: VadSettings) -> None:
        _check(settings)
        self._onset = settings.onset
        self._release = settings.release
        self._min_windows = windows(settings.min_speech)
        self._min_silence = samples(settings.min_silence)
        self._pre_roll = samples(settings.pre_roll)
        self._post_roll = samples(settings.post_roll)
        self._longest = samples(settings.max_utterance)
        self._tail_windows = self._longest // 4 // HOP
        self._tracker = SegmentTracker(settings)
        self._now = 0
        self._given_until = 0
        """One past the last sample that belongs to an utterance."""
        self._candidate: deque[Window] = deque()
        """Windows that may become an utterance; the first one reaches ``onset``."""
        self._utterance: _Utterance | None = None

    def feed(
        self, probability: float, *, power: float = 0.0, patience: float = 1.0
    ) -> list[Onset | Endpoint]:
        """Takes the probability of the next window (512 samples); returns what it decides.

        ``power``: the mean square of its samples, by which the weakest place is found.
        ``patience``: the factor on ``min_silence``, were this window silent.
        """
        self._now += HOP
        self._tracker.feed(probability)
        window = Window(probability, 10 * math.log10(power + 1e-9))
        if self._utterance is None:
            return self._await_speech(window)
        return self._follow(self._utterance, window, patience)

    def finish(self, length: int | None = None) -> list[Onset | Endpoint]:
        """Ends the audio: an utterance that is going on ends here, with the reason ``end``.

        ``length`` is the number of samples there really were, if the last window was filled up.
        """
        self._candidate.clear()
        if self._utterance is None:
            return []
        last = self._now if length is None else min(length, self._now)
        self._tracker.finish(last)
        # Speech up to the last window: the model's lateness hides whether it ended, so keep all.
        spoke = self._utterance.voiced_end == self._now
        end = last if spoke else min(self._utterance.end, last)
        return [self._close(self._utterance, end, last, "end")]

    @property
    def assured(self) -> int | None:
        """Up to which sample the utterance that goes on is certain to last; None while nobody
        speaks. Audio beyond may turn out to be silence after its end, or to belong to the next
        utterance if this one must be cut."""
        utterance = self._utterance
        if utterance is None:
            return None
        earliest_cut = utterance.audio_start + self._longest - (self._tail_windows + 2) * HOP
        return min(utterance.end + self._post_roll, self._now, earliest_cut - LATENESS)

    def _await_speech(self, window: Window) -> list[Onset | Endpoint]:
        candidate = self._candidate
        if not candidate and window.probability < self._onset:
            return []
        candidate.append(window)
        if sum(one.probability >= self._release for one in candidate) >= self._min_windows:
            return [self._open()]
        if len(candidate) == 2 * self._min_windows:
            candidate.popleft()
            while candidate and candidate[0].probability < self._onset:
                candidate.popleft()
        return []

    def _open(self) -> Onset:
        first = self._now - len(self._candidate) * HOP
        start = max(first - LATENESS, self._given_until)
        audio_start = max(start - self._pre_roll, self._given_until)
        tail = deque(self._candidate, self._tail_windows)
        self._utterance = _Utterance(start, audio_start, self._now, tail)
        self._candidate.clear()
        return Onset(start, audio_start)

    def _follow(
        self, utterance: _Utterance, window: Window, patience: float
    ) -> list[Onset | Endpoint]:
        utterance.tail.append(window)
        if window.probability >= self._release:
            utterance.voiced_end = self._now
        elif self._now - utterance.end >= self._min_silence * patience:
            return [self._close(utterance, utterance.end, self._now, "silence")]
        if self._now + HOP - utterance.audio_start > self._longest:
            return self._cut(utterance)
        return []

    def _close(
        self,
        utterance: _Utterance,
        end: int,
        limit: int,
        reason: Literal["silence", "end"],
    ) -> Endpoint:
        audio_end = min(end + self._post_roll, limit)
        self._given_until = audio_end
        self._utterance = None
        segments = self._tracker.take(utterance.audio_start, audio_end)
        return Endpoint(utterance.start, end, utterance.audio_start, audio_end, reason, segments)

    def _cut(self, utterance: _Utterance) -> list[Onset | Endpoint]:
        """Ends the utterance at its weakest late place and begins the next one there."""
        tail = list(utterance.tail)
        tail_start = self._now - len(tail) * HOP

        def middle(index: int) -> int:
            return tail_start + index * HOP + HOP // 2 - LATENESS

        places = [i for i in range(len(tail)) if middle(i) >= utterance.start + HOP]
        place = weakest(tail, places)
        cut = middle(place)
        if cut >= utterance.end:  # it is silent already, if only for a short while
            return [self._close(utterance, utterance.end, self._now, "silence")]

        # A cut within a pause: speech ended before it and begins again after it.
        end = start = cut
        if tail[place].probability < self._release:
            before = after = place
            while before >= 0 and tail[before].probability < self._release:
                before -= 1
            while tail[after].probability < self._release:
                after += 1
            end = max(tail_start + (before + 1) * HOP - LATENESS, utterance.start + HOP)
            start = tail_start + after * HOP - LATENESS
        self._given_until = cut
        segments = self._tracker.take(utterance.audio_start, cut)
        rest = deque(tail[place + 1 :], self._tail_windows)
        self._utterance = _Utterance(start, cut, utterance.voiced_end, rest)
        return [
            Endpoint(utterance.start, end, utterance.audio_start, cut, "longest", segments),
            Onset(start, cut),
        ]


def _check(settings: VadSettings) -> None:
    """Settings made in Python have not met the rules of the settings tree yet."""
    try:
        msgspec.convert(msgspec.structs.asdict(settings), VadSettings)
    except msgspec.ValidationError as error:
        raise InputError(f"the vad settings cannot be used: {error}") from error
    for rule in RULES:
        ours = all(key.startswith("vad.") for key in rule.keys)
        if ours and not rule.holds(Settings(vad=settings)):
            values = (f"{key} {getattr(settings, key[4:]):g}" for key in rule.keys)
            raise InputError(f"{', '.join(values)}: {rule.demand}")
