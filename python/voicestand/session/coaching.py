"""What follows from a final transcript: suggestions, and the figures of the conversation."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from voicestand.coach.advisor import Advisor
from voicestand.coach.coach import Coach
from voicestand.coach.deck import Change, Shown
from voicestand.coach.metrics import ConversationMetrics
from voicestand.config import Settings
from voicestand.events import (
    CallMetrics,
    ChannelMetrics,
    CoachCheck,
    CoachMetrics,
    CoachStage,
    CoachSuggestion,
    CoachWithdrawn,
    GenerationStats,
    TranscriptFinal,
)
from voicestand.session.asking import Asking
from voicestand.session.documents import Documents
from voicestand.session.hearing import teller
from voicestand.session.inbox import Generated, Message

Coached = CoachSuggestion | CoachWithdrawn | CoachStage | CoachCheck | CoachMetrics

LATEST = 32
"""Finals whose moment is remembered, for the latency of what comes after them."""


class Coaching:
    """Asks the coach, if there is one, and keeps the figures, if there is none who does."""

    def __init__(
        self,
        session: str,
        coach: Coach | None,
        roles: Sequence[str],
        settings: Settings,
        put: Callable[[Message], None],
    ) -> None:
        """``put``: into the inbox of the conversation, what language models answer.

        Raises ``InputError`` where the file that names them has a mistake.
        """
        self._session = session
        self._asking = Asking(settings.coach, put)
        self._documents = Documents(settings.knowledge, teller(put))
        self._advisor = None
        if coach is not None:
            self._advisor = Advisor(coach, ask=self._asking.ask, search=self._documents.search)
        self._metrics = ConversationMetrics(roles)
        self._moments: deque[tuple[str, float]] = deque(maxlen=LATEST)
        self.finals = 0
        """Transcripts it was given."""
        self.suggestions = 0
        """Suggestions it made of them."""
        self._stage: str | None = None

    def begin(self) -> None:
        """Makes ready to ask language models, if there is one, and somebody who coaches."""
        if self._advisor is not None:
            self._asking.start()

    def on_final(self, final: TranscriptFinal) -> Iterator[Coached]:
        """The suggestions, each as late as it is when it is asked for, a new stage, what was
        ticked, and then the figures.
        """
        self._moments.append((final.utterance, time.monotonic()))
        self.finals += 1
        if self._advisor is not None:
            yield from self._events(self._advisor.on_final(final), final.t)
            yield from self._progress(self._advisor.coach, final)
        else:
            self._metrics.update(final)
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

    def on_generated(self, generated: Generated, now: float) -> Iterator[Coached]:
        """What a language model's answer changes. ``now``: seconds on the session's clock."""
        if self._advisor is not None:
            changes = self._advisor.on_generated(
                generated.utterance, generated.advice, generated.model, now
            )
            yield from self._events(changes, now)

    def tick(self, now: float) -> Iterator[Coached]:
        """What time alone changes."""
        if self._advisor is not None:
            yield from self._events(self._advisor.tick(now), now)

    def channels(self) -> dict[str, ChannelMetrics]:
        """The figures of every channel so far."""
        return self._advisor.metrics() if self._advisor else self._metrics.snapshot()

    def call(self) -> CallMetrics:
        """The figures of the whole call so far."""
        return self._advisor.call() if self._advisor else self._metrics.call()

    def stats(self) -> GenerationStats | None:
        """What language models were asked; None where there is none."""
        return self._asking.stats()

    def close(self) -> None:
        """Asks nobody any more."""
        self._asking.close()
        self._documents.close()

    def _events(self, changes: Sequence[Change], t: float) -> Iterator[Coached]:
        for change in changes:
            if not isinstance(change, Shown):
                yield CoachWithdrawn(
                    session=self._session, t=t, suggestion=change.id, reason=change.reason
                )
                continue
            card = change.card
            self.suggestions += 1
            yield CoachSuggestion(
                session=self._session,
                t=t,
                channel=card.channel,
                utterance=card.utterance,
                kind=card.kind,
                text=card.text,
                sources=list(card.sources),
                latency_ms=round(1e3 * (time.monotonic() - self._since(card.utterance)), 3),
                card=card.battlecard,
                suggestion=change.id,
                replaces=change.replaces,
            )

    def _since(self, utterance: str) -> float:
        """When its final came."""
        moments = (when for name, when in self._moments if name == utterance)
        return next(moments, time.monotonic())
