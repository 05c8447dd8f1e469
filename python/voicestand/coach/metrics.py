"""How each channel has spoken so far. Every formula, with its source, is in docs/coaching.md."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from voicestand.coach.fillers import count_fillers
from voicestand.coach.monologues import Monologues
from voicestand.coach.questions import count_questions
from voicestand.coach.words import spoken
from voicestand.events import ChannelMetrics, TranscriptFinal

PACE_WINDOW = 30_000_000
"""Microseconds of one's own speech over which the current pace is measured."""


@dataclass
class _Tally:
    """The sums of one channel. Whole microseconds, so that no order of adding changes them."""

    talk: int = 0
    words: int = 0
    questions: int = 0
    fillers: int = 0
    recent: deque[tuple[int, int]] = field(default_factory=deque)
    """(microseconds, words) of the last utterances, about ``PACE_WINDOW`` together."""
    recent_talk: int = 0
    recent_words: int = 0

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


class ConversationMetrics:
    """The metrics of one conversation, fed with its final transcripts.

    An utterance without words (a cough, a door) counts nothing. Each update takes constant time
    and the memory is bounded, however long the call. All figures but the current pace are the same
    in whatever order the finals arrive; the longest monologue as long as none is more than 32
    finals late.
    """

    def __init__(self, channels: Sequence[str]) -> None:
        self._tallies = {channel: _Tally() for channel in channels}
        self._monologues = Monologues()

    def update(self, final: TranscriptFinal) -> None:
        """Counts one utterance; a channel not named at construction is added."""
        words = spoken(final.text)
        if not words:
            return
        start = _microseconds(final.start)
        end = max(start, _microseconds(final.end))
        tally = self._tallies.setdefault(final.channel, _Tally())
        tally.add(end - start, len(words))
        tally.questions += count_questions(final.text)
        tally.fillers += count_fillers(words)
        self._monologues.add(final.channel, start, end)

    def snapshot(self) -> dict[str, ChannelMetrics]:
        """The figures of every channel as of now."""
        longest = self._monologues.longest()
        all_talk = self.speech_microseconds()
        return {
            channel: ChannelMetrics(
                talk_seconds=tally.talk / 1e6,
                talk_ratio=tally.talk / all_talk if all_talk else 0.0,
                words=tally.words,
                words_per_minute=_per_minute(tally.words, tally.talk),
                longest_monologue=longest.get(channel, 0) / 1e6,
                questions=tally.questions,
                fillers=tally.fillers,
            )
            for channel, tally in self._tallies.items()
        }

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
        return self._monologues.held(channel) / 1e6


def _microseconds(seconds: float) -> int:
    return round(seconds * 1e6)


def _per_minute(words: int, talk: int) -> float:
    return words * 60e6 / talk if talk else 0.0
