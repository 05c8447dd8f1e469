"""Which advice is shown, and until when: one card at a time, never twice, gone when it is late.

Two places: one for advice (playbook, knowledge, generated), one for warnings. All times are seconds
of the audio clock; where a recording is heard quickly, finals come out of order, and each counts at
its time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Literal, NamedTuple

from voicestand.audio.source import SELF
from voicestand.events import SuggestionCard, SuggestionKind

SPACING = 3.0
"""Seconds between two new cards: one has to be read before the next."""

HELD = 5.0
"""Seconds for which a card waits until it may be shown; after that it comes too late."""

LIFE = 45.0
"""Seconds after which a card is withdrawn, whatever happens."""

REPEAT = 120.0
"""Seconds in which nothing that reads alike is shown again."""

ALIKE = 90
"""Percent of similarity from which two texts are the same advice."""

REMEMBERED = 64
"""Texts looked at for that: those of some minutes at least."""

ANSWERED = 8
"""Words of the user's own from which on what was said before them counts as answered."""

NEWS = 4
"""Words of another's that are more than a nod: the conversation has moved on."""

Reason = Literal["overtaken", "expired"]


@dataclass(frozen=True, kw_only=True)
class Card:
    """Advice that may be shown."""

    kind: SuggestionKind
    text: str
    sources: tuple[str, ...]
    about: str
    """What feedback on it is about, e.g. ``playbook:sales-call/price-objection``."""
    channel: str
    utterance: str
    """Whose utterance it answers, and which."""
    at: float
    """When that ended."""
    battlecard: SuggestionCard | None = None
    """What the playbook has to say besides, for where there is room."""
    weight: float = 1.0
    """How good it is: of two that cannot both be shown the better one is."""


class Shown(NamedTuple):
    """A card is to be shown."""

    id: str
    card: Card
    replaces: str | None
    """The card in whose place it is."""


class Withdrawn(NamedTuple):
    """A card is to vanish, and nothing takes its place."""

    id: str
    reason: Reason


Change = Shown | Withdrawn


@dataclass
class _Place:
    """Where one card can be."""

    shown: Shown | None = None
    since: float = 0.0
    answered: int = 0
    """Words of the user's own since."""


@dataclass
class _Said:
    """What was said since an utterance that may still be answered."""

    utterance: str
    own: int = 0
    others: bool = False


class Deck:
    """The cards of one conversation. Memory and time per call are bounded."""

    def __init__(self, weigh: Callable[[str], float] = lambda _: 1.0) -> None:
        """``weigh``: a factor for what a card is about, 0 to 2; at 0 it is never shown."""
        from rapidfuzz.fuzz import token_sort_ratio

        self._similarity = token_sort_ratio
        self._weigh = weigh
        self._numbers = count(1)
        self._places: dict[str, _Place] = {"advice": _Place(), "warning": _Place()}
        self._held: Card | None = None
        self._texts: deque[tuple[float, str]] = deque(maxlen=REMEMBERED)
        """When what was shown. Of a recording that is heard quickly, not in order."""
        self._said: deque[_Said] = deque(maxlen=8)
        """Of the latest utterances."""

    def heard(self, channel: str, utterance: str, words: int, now: float) -> list[Change]:
        """Somebody has said something: what it makes late is withdrawn."""
        for said in self._said:
            if channel == SELF:
                said.own += words
            elif words >= NEWS:
                said.others = True
        self._said.append(_Said(utterance))
        changes = self.tick(now)
        place = self._places["advice"]
        if place.shown is not None:
            if channel == SELF:
                place.answered += words
            elif words >= NEWS and place.answered >= ANSWERED:
                changes.append(self._withdraw(place, "overtaken"))
        return changes

    def offer(self, card: Card, now: float) -> list[Change]:
        """Shows the card, keeps it for a moment, or drops it."""
        changes = self.tick(now)
        weight = card.weight * self._weigh(card.about)
        if not (weight > 0 and card.text) or self._repeats(card.text, now):
            return changes
        if card.kind == "generated" and self._late(card):
            return changes
        if self._betters(card) or self._may_show(now):
            changes.append(self._show(card, now))
        elif self._held is None or weight > self._held.weight * self._weigh(self._held.about):
            self._held = card
        return changes

    def tick(self, now: float) -> list[Change]:
        """What time alone brings: cards that expire, and one that was held back."""
        changes: list[Change] = [
            self._withdraw(place, "expired")
            for place in self._places.values()
            if place.shown is not None and now >= place.since + LIFE
        ]
        held = self._held
        if held is not None and self._may_show(now):
            self._held = None
            fits = held.at <= now <= held.at + HELD + SPACING and not self._late(held)
            if fits and not self._repeats(held.text, now):
                changes.append(self._show(held, now))
        return changes

    def _show(self, card: Card, now: float) -> Shown:
        place = self._place(card)
        before = place.shown.id if place.shown is not None else None
        shown = Shown(f"advice-{next(self._numbers)}", card, before)
        place.shown, place.since, place.answered = shown, now, 0
        self._texts.append((now, card.text.lower()))
        return shown

    def _withdraw(self, place: _Place, reason: Reason) -> Withdrawn:
        assert place.shown is not None
        withdrawn = Withdrawn(place.shown.id, reason)
        place.shown = None
        return withdrawn

    def _betters(self, card: Card) -> bool:
        """Whether it is the better form of the very card that is shown."""
        shown = self._place(card).shown
        return (
            card.kind == "generated"
            and shown is not None
            and shown.card.kind != "generated"
            and shown.card.utterance == card.utterance
        )

    def _late(self, card: Card) -> bool:
        """Whether what it answers was answered, or overtaken by what was said then."""
        if card.kind == "metric":
            return False
        for said in self._said:
            if said.utterance == card.utterance:
                return said.others or said.own >= ANSWERED
        return len(self._said) == self._said.maxlen

    def _may_show(self, now: float) -> bool:
        """Whether there was time to read what was shown before."""
        return all(abs(now - when) >= SPACING for when, _ in self._texts)

    def _repeats(self, text: str, now: float) -> bool:
        text = text.lower()
        return any(
            abs(now - when) < REPEAT and self._similarity(text, known) >= ALIKE
            for when, known in self._texts
        )

    def _place(self, card: Card) -> _Place:
        return self._places["warning" if card.kind == "metric" else "advice"]
