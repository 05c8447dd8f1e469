"""How each channel has spoken so far. Every formula, with its source, is in docs/coaching.md."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from voicestand.coach.backchannels import only_listens
from voicestand.coach.fillers import count_fillers
from voicestand.coach.monologues import Monologues
from voicestand.coach.pauses import Pauses
from voicestand.coach.questions import find_questions
from voicestand.coach.sentiment import Mood, feeling
from voicestand.coach.timeline import Timeline, Utterance
from voicestand.coach.turns import Turns
from voicestand.coach.words import spoken, written_out
from voicestand.events import CallMetrics, ChannelMetrics, TranscriptFinal

PACE_WINDOW = 30_000_000
"""Microseconds of one's own speech over which the current pace is measured."""
FEWEST_ANSWERS = 5
"""Before so many the current patience means nothing."""
INTERRUPTION_WINDOW = 300_000_000
"""Microseconds of the call over which the current interruptions are counted."""


@dataclass
class _Tally:
    """The sums of one channel. Whole microseconds, so that no order of adding changes them."""

    talk: int = 0
    words: int = 0
    open_questions: int = 0
    closed_questions: int = 0
    fillers: int = 0
    mood: Mood = field(default_factory=Mood)
    recent: deque[tuple[int, int]] = field(default_factory=deque)
    """(microseconds, words) of the last utterances, about ``PACE_WINDOW`` together."""
    recent_talk: int = 0
    recent_words: int = 0

    @property
    def questions(self) -> int:
        return self.open_questions + self.closed_questions

    def add(self, talk: int, words: int) -> None:
        self.talk += talk
        self.words += words
        if talk == 0:
            return
        self.recent.append((talk, words))
        self.recent_talk += talk
        self.recent_words += words
        while self.recent_talk - self.recent[0][0] >= PACE_WINDOW:
            old_talk, old_words = self.recent.popleft()
            self.recent_talk -= old_talk
            self.recent_words -= old_words


class _Course:
    """What depends on the order of the utterances."""

    def __init__(self) -> None:
        self.monologues = Monologues()
        self.turns = Turns()
        self.pauses = Pauses()

    def copy(self) -> Self:
        twin = type(self)()
        twin.monologues = self.monologues.copy()
        twin.turns = self.turns.copy()
        twin.pauses = self.pauses.copy()
        return twin

    def add(self, utterance: Utterance) -> None:
        self.monologues.add(utterance)
        self.turns.add(utterance)
        self.pauses.add(utterance)


class ConversationMetrics:
    """The metrics of one conversation, fed with its final transcripts.

    An utterance without words (a cough, a door) counts nothing. Each update takes constant time
    and the memory is bounded, however long the call. All figures but the current pace are the same
    in whatever order the finals arrive, as long as none is more than 32 finals late.
    """

    def __init__(self, channels: Sequence[str]) -> None:
        self._tallies = {channel: _Tally() for channel in channels}
        self._mood = Mood()
        self._timeline = Timeline(_Course())

    def update(self, final: TranscriptFinal) -> None:
        """Counts one utterance; a channel not named at construction is added."""
        words = spoken(final.text)
        if not words:
            return
        start = _microseconds(final.start)
        end = max(start, _microseconds(final.end))
        questions = find_questions(final.text)
        tally = self._tallies.setdefault(final.channel, _Tally())
        tally.add(end - start, len(words))
        tally.open_questions += questions.open
        tally.closed_questions += questions.closed
        tally.fillers += count_fillers(words)
        shown = feeling(written_out(words))
        tally.mood.add(end, shown)
        self._mood.add(end, shown)
        listening, asks = only_listens(words), sum(questions) > 0
        self._timeline.add(Utterance(start, end, final.channel, listening, asks))

    def snapshot(self) -> dict[str, ChannelMetrics]:
        """The figures of every channel as of now."""
        course = self._timeline.now
        turns = course.turns
        all_talk = self.speech_microseconds()
        return {
            channel: ChannelMetrics(
                talk_seconds=tally.talk / 1e6,
                talk_ratio=tally.talk / all_talk if all_talk else 0.0,
                words=tally.words,
                words_per_minute=_per_minute(tally.words, tally.talk),
                longest_monologue=course.monologues.longest.get(channel, 0) / 1e6,
                questions=tally.questions,
                fillers=tally.fillers,
                open_questions=tally.open_questions,
                turns=turns.taken.get(channel, 0),
                backchannels=turns.backchannels.get(channel, 0),
                interruptions=turns.interruptions.get(channel, 0),
                patience=_average([turns.waited.get(channel, (0, 0))]),
                sentiment=_sentiment(tally.mood),
                sentiment_trend=tally.mood.trend(course.pauses.until),
            )
            for channel, tally in self._tallies.items()
        }

    def call(self) -> CallMetrics:
        """The figures of the call as of now."""
        course = self._timeline.now
        turns, pauses = course.turns, course.pauses
        tallies = self._tallies.values()
        words, talk = sum(one.words for one in tallies), self.speech_microseconds()
        return CallMetrics(
            seconds=pauses.span / 1e6,
            talk_seconds=talk / 1e6,
            words=words,
            words_per_minute=_per_minute(words, talk),
            longest_monologue=max(course.monologues.longest.values(), default=0) / 1e6,
            questions=sum(one.questions for one in tallies),
            open_questions=sum(one.open_questions for one in tallies),
            fillers=sum(one.fillers for one in tallies),
            turns=sum(turns.taken.values()),
            interactivity=_per_minute(turns.changes, pauses.span),
            interruptions=sum(turns.interruptions.values()),
            crosstalk_seconds=turns.crosstalk / 1e6,
            dead_air=pauses.dead_airs,
            dead_air_seconds=pauses.dead_air / 1e6,
            longest_silence=pauses.longest / 1e6,
            patience=_average(turns.waited.values()),
            sentiment=_sentiment(self._mood),
            sentiment_trend=self._mood.trend(pauses.until),
        )

    def speech_microseconds(self) -> int:
        """Speech of all channels together."""
        return sum(tally.talk for tally in self._tallies.values())

    def talk_ratio(self, channel: str) -> float:
        """The share of ``channel`` in all speech, 0 to 1; 0 while nobody has spoken."""
        talk = self._tallies[channel].talk if channel in self._tallies else 0
        return talk / self.speech_microseconds() if talk else 0.0

    def current_pace(self, channel: str) -> float:
        """Words per minute over the last 30 s of this channel's speech; 0 before there are 15 s."""
        tally = self._tallies.get(channel)
        if tally is None or tally.recent_talk < PACE_WINDOW // 2:
            return 0.0
        return _per_minute(tally.recent_words, tally.recent_talk)

    def current_monologue(self, channel: str) -> float:
        """Seconds for which ``channel`` has held the floor; 0 if another spoke last."""
        return self._timeline.now.monologues.held(channel) / 1e6

    def current_patience(self, channel: str) -> float | None:
        """Seconds before this channel's last ten answers, on average; None before the fifth."""
        pauses = self._timeline.now.turns.recent_answers(channel)
        return sum(pauses) / len(pauses) / 1e6 if len(pauses) >= FEWEST_ANSWERS else None

    def current_interruptions(self, channel: str) -> int:
        """How often this channel began into another's words in the last five minutes."""
        course = self._timeline.now
        since = course.pauses.until - INTERRUPTION_WINDOW
        return sum(start > since for start in course.turns.begun_into(channel))

    def current_silence(self) -> float:
        """Seconds for which nobody had spoken before the latest words; 0 after a break."""
        return self._timeline.now.pauses.latest / 1e6

    def seconds(self) -> float:
        """From the first word to the last, without breaks."""
        return self._timeline.now.pauses.span / 1e6

    def questions(self, channel: str) -> int:
        """What this channel has asked."""
        return self._tallies[channel].questions if channel in self._tallies else 0

    def open_questions(self, channel: str) -> int:
        """Of it, what a fact or a yes does not answer."""
        return self._tallies[channel].open_questions if channel in self._tallies else 0


def _microseconds(seconds: float) -> int:
    return round(seconds * 1e6)


def _per_minute(count: int, time: int) -> float:
    return count * 60e6 / time if time else 0.0


def _average(sums: Iterable[tuple[int, int]]) -> float | None:
    """Seconds, of sums of microseconds with their numbers; None for nothing."""
    total = count = 0
    for one, number in sums:
        total += one
        count += number
    return total / count / 1e6 if count else None


def _sentiment(mood: Mood) -> float | None:
    return mood.total.sentiment if mood.total.weight else None
