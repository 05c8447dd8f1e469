"""Whether a conversation is still about what its playbook is for.

In small talk the words of a playbook come up now and then: the price of a coffee, a slow train. In
the calls that a playbook is for, they come all the time. So one sign alone, after a while without,
is not believed.
"""

from __future__ import annotations

from collections import deque

from voicestand.coach.hearing import Heard

WINDOW = 45.0
"""Seconds in which signs are counted."""
ENOUGH = 4
"""Signs before an utterance that make its triggers credible."""
GRACE = 20.0
"""Seconds from the beginning in which no sign is needed yet."""


class Attention:
    """Follows one conversation."""

    def __init__(self, *, always: bool = False) -> None:
        """``always``: the playbook has too few cues to judge by, so all is believed."""
        self._always = always
        self._signs: deque[tuple[float, int]] = deque()
        """When there were some, and how many."""

    def listen(self, heard: Heard, now: float) -> bool:
        """Takes what was heard at ``now``; whether its triggers are to be believed."""
        while self._signs and now - self._signs[0][0] > WINDOW:
            self._signs.popleft()
        before = sum(count for _, count in self._signs)
        count = len(heard.cues) + len(heard.checks) + len(heard.triggers)
        if count:
            self._signs.append((now, count))
        return self._always or now < GRACE or before >= ENOUGH
