"""Whether a conversation goes on: the loop that handles events, and every listener."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from voicestand.session.listener import Listener


class Pulse:
    """Tells whoever watches the process that it works, as long as all of it does."""

    def __init__(self, told: Callable[[], None]) -> None:
        """``told`` is called in the loop's thread, and must not wait."""
        self._told = told
        self._turns: dict[Listener, int] = {}

    def beat(self, listeners: Sequence[Listener]) -> None:
        """One turn of the loop: ``told`` if each listener has turned, too, since the last time.

        Listeners that have ended are not waited for.
        """
        turns = {one: one.turns for one in listeners if one.thread is not None}
        if all(self._turns.get(one, 0) < count for one, count in turns.items()):
            self._turns = turns
            self._told()
