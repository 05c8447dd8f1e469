"""What follows from a final transcript: suggestions, and the figures of the conversation."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from voicestand.coach.coach import Coach, Suggestion
from voicestand.coach.metrics import ConversationMetrics
from voicestand.events import (
    CallMetrics,
    ChannelMetrics,
    CoachCheck,
    CoachMetrics,
    CoachStage,
    CoachSuggestion,
    Event,
    TranscriptFinal,
)


class Coaching:
    """Asks the coach, if there is one, and keeps the figures, if there is none who does."""

    def __init__(self, session: str, coach: Coach | None, roles: Sequence[str]) -> None:
        self._session = session
        self._coach = coach
        self._metrics = ConversationMetrics(roles)
        self.finals = 0
        """Transcripts it was given."""
        self.suggestions = 0
        """Suggestions it made of them."""
        self._stage: str | None = None

    def on_final(self, final: TranscriptFinal) -> Iterator[Event]:
        """The suggestions, each as late as it is when it is asked for, a new stage, what was
        ticked, and then the figures.
        """
        began = time.monotonic()
        self.finals += 1
        for advice in self._advice(final):
            self.suggestions += 1
            yield CoachSuggestion(
                session=self._session,
                t=final.t,
                channel=final.channel,
                utterance=final.utterance,
                kind=advice.kind,
                text=advice.text,
                sources=advice.sources,
                latency_ms=round(1e3 * (time.monotonic() - began), 3),
                card=advice.card,
            )
        if self._coach is not None:
            yield from self._progress(self._coach, final)
        yield CoachMetrics(
            session=self._session, t=final.t, channels=self.channels(), call=self.call()
        )

    def _progress(self, coach: Coach, final: TranscriptFinal) -> Iterator[CoachStage | CoachCheck]:
        state = coach.stage
        if state is not None and state.stage != self._stage:
            self._stage = state.stage
            yield CoachStage(
                session=self._session,
                t=final.t,
                stage=state.stage,
                confidence=round(state.confidence, 3),
            )
        for item in coach.ticked:
            yield CoachCheck(
                session=self._session,
                t=final.t,
                channel=final.channel,
                utterance=final.utterance,
                check=item.id,
                title=item.title,
            )

    def channels(self) -> dict[str, ChannelMetrics]:
        """The figures of every channel so far."""
        return self._coach.metrics() if self._coach else self._metrics.snapshot()

    def call(self) -> CallMetrics:
        """The figures of the whole call so far."""
        return self._coach.call() if self._coach else self._metrics.call()

    def _advice(self, final: TranscriptFinal) -> list[Suggestion]:
        if self._coach is not None:
            return self._coach.on_final(final)
        self._metrics.update(final)
        return []
