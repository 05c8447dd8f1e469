"""Everything that advises in one conversation, and the deck that shows it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import msgspec

from voicestand.audio.source import SELF
from voicestand.coach.coach import Coach, Suggestion
from voicestand.coach.deck import Card, Change, Deck
from voicestand.coach.generation import context
from voicestand.coach.generation.answer import Advice
from voicestand.coach.generation.prompt import MOST_TURNS
from voicestand.coach.quoting import Quote, Search, named, passages_for, quote
from voicestand.coach.words import spoken
from voicestand.events import CallMetrics, ChannelMetrics, SuggestionCard, TranscriptFinal
from voicestand.knowledge.knowledge import Passage

WORTH_ASKING = 4
"""Words of an utterance from which on a model is asked about it."""

MOMENTS = 12
"""What a summary of what was said before holds."""

LONGEST_MOMENT = 90
"""Characters of it."""

KNOWLEDGE = "knowledge:"
"""Before the names of sources that are documents."""

Ask = Callable[[str, context.Context], None]


class Advisor:
    """Of one conversation, in one thread. It knows no wall clock and waits for nobody.

    ``search(text, limit)`` finds passages of the user's documents within milliseconds, if there are
    any. ``ask(utterance, context)`` asks a language model, if there is one; what it answers is
    given to :meth:`on_generated`, whenever that is. All answers are what is to be shown and
    withdrawn now.
    """

    def __init__(
        self,
        coach: Coach,
        *,
        ask: Ask | None = None,
        search: Search | None = None,
        weigh: Callable[[str], float] | None = None,
    ) -> None:
        self.coach = coach
        self._search = search
        self._ask = ask
        self._deck = Deck(weigh) if weigh is not None else Deck()
        self._turns: deque[TranscriptFinal] = deque(maxlen=MOST_TURNS)
        self._moments: deque[str] = deque(maxlen=MOMENTS)

    def on_final(self, final: TranscriptFinal) -> list[Change]:
        """Takes the next utterance."""
        suggestions = self.coach.on_final(final)
        words = len(spoken(final.text))
        changes = self._deck.heard(final.channel, final.utterance, words, final.end)
        passages = self._passages(final, words)
        for card in _cards(final, suggestions, quote(final.text, passages)):
            changes += self._deck.offer(card, final.end)
        if words:
            self._turns.append(final)
        self._consider(final, words, suggestions, passages)
        return changes

    def on_generated(self, utterance: str, advice: Advice, model: str, now: float) -> list[Change]:
        """Takes what a model answered. ``now``: seconds on the audio clock."""
        turn = next((turn for turn in self._turns if turn.utterance == utterance), None)
        if turn is None:
            return []
        source = f"model:{model}"
        card = Card(
            kind="generated",
            text=advice.text,
            sources=(*advice.sources, source),
            about=source,
            channel=turn.channel,
            utterance=utterance,
            at=turn.end,
        )
        return self._deck.offer(card, max(now, turn.end))

    def tick(self, now: float) -> list[Change]:
        """Time has passed."""
        return self._deck.tick(now)

    def metrics(self) -> dict[str, ChannelMetrics]:
        """How each channel has spoken so far."""
        return self.coach.metrics()

    def call(self) -> CallMetrics:
        """How the whole call has gone so far."""
        return self.coach.call()

    def _passages(self, final: TranscriptFinal, words: int) -> list[Passage]:
        if self._search is None or final.channel == SELF or words < WORTH_ASKING:
            return []
        return passages_for(final.text, self._search)

    def _consider(
        self,
        final: TranscriptFinal,
        words: int,
        found: list[Suggestion],
        passages: Sequence[Passage],
    ) -> None:
        """Asks a model where somebody else said something that may want an answer."""
        hint = next((one for one in found if one.kind != "metric"), None)
        if self._ask is not None and final.channel != SELF and words >= WORTH_ASKING:
            question = context.Context(
                turns=tuple(context.Turn(turn.channel, turn.text) for turn in self._turns),
                playbook=self.coach.playbook.name,
                stage=stage.stage if (stage := self.coach.stage) is not None else "",
                hint=hint.text if hint is not None else "",
                summary="\n".join(self._moments),
                passages=tuple(
                    context.Passage(f"p{number}", named(passage), passage.text)
                    for number, passage in enumerate(passages, start=1)
                ),
            )
            self._ask(final.utterance, question)
        if hint is not None:
            self._moments.append(f"{final.channel}, {hint.trigger}: {final.text[:LONGEST_MOMENT]}")


def _cards(
    final: TranscriptFinal, suggestions: Sequence[Suggestion], quoted: Quote | None
) -> Iterator[Card]:
    """A quotation goes with the playbook's advice, if there is some, and stands alone, if not."""
    for suggestion in suggestions:
        card = _card(final, suggestion)
        if quoted is not None and suggestion.kind == "playbook":
            own = suggestion.card or SuggestionCard(id="", title=quoted.source, lines=[])
            card = replace(
                card,
                sources=(*card.sources, f"{KNOWLEDGE}{quoted.source}"),
                battlecard=msgspec.structs.replace(own, lines=[quoted.text, *own.lines]),
            )
            quoted = None
        yield card
    if quoted is not None:
        source = f"{KNOWLEDGE}{quoted.source}"
        yield Card(
            kind="knowledge",
            text=quoted.text,
            sources=(source,),
            about=source,
            channel=final.channel,
            utterance=final.utterance,
            at=final.end,
            weight=quoted.share,
        )


def _card(final: TranscriptFinal, suggestion: Suggestion) -> Card:
    return Card(
        kind=suggestion.kind,
        text=suggestion.text,
        sources=tuple(suggestion.sources),
        about=suggestion.sources[0],
        channel=final.channel,
        utterance=final.utterance,
        at=final.end,
        battlecard=suggestion.card,
    )
