"""What is to be done in a conversation, and what of it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from voicestand.coach.playbook_schema import Check


@dataclass(frozen=True)
class Item:
    """One item of a checklist."""

    id: str
    title: str
    utterance: str | None = None
    """What ticked it; none while it is open."""
    t: float | None = None
    """When, in seconds on the audio clock."""


class Checklist:
    """The checklist of one conversation; what is ticked stays so."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._items = {check.id: Item(check.id, check.title) for check in checks}

    def tick(self, ids: Iterable[str], utterance: str, t: float) -> list[Item]:
        """Ticks what is not ticked yet; those items, in their order."""
        wanted = set(ids)
        ticked = [
            Item(item.id, item.title, utterance, t)
            for item in self._items.values()
            if item.id in wanted and item.utterance is None
        ]
        self._items.update((item.id, item) for item in ticked)
        return ticked

    def items(self) -> tuple[Item, ...]:
        """All, in the order of the playbook."""
        return tuple(self._items.values())

    def replace(self, checks: Iterable[Check]) -> None:
        """Takes another playbook's list; what has the same id stays ticked."""
        before = self._items
        self._items = {
            check.id: Item(
                check.id,
                check.title,
                before[check.id].utterance if check.id in before else None,
                before[check.id].t if check.id in before else None,
            )
            for check in checks
        }
