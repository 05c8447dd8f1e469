"""When a service's session has ended: the call is over, and the next one is another session."""

from __future__ import annotations

from voicestand.events import (
    EngineAlert,
    Event,
    SessionStarted,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinal,
)


class Silence:
    """For how long nobody has spoken, in a session in which something was said.

    One in which nothing was goes on: it holds nothing, and there would be one after another.
    """

    def __init__(self, longest: float) -> None:
        """``longest``: seconds after which a session is over; 0: never."""
        self._longest = longest
        self._begin()

    def _begin(self) -> None:
        self._open = 0
        self._since = 0.0
        self._something_said = False

    def note(self, event: Event) -> None:
        """Takes an event of the session."""
        match event:
            case SessionStarted():
                self._begin()
            case SpeechStarted():
                self._open += 1
            case SpeechEnded():
                self._since = max(self._since, event.end)
            case TranscriptFinal():
                self._open -= 1
                self._something_said |= bool(event.text)
            case EngineAlert(code="engine.resumed"):
                # Whoever comes back is about to speak, and would speak while the sessions change.
                self._since = event.t

    def is_over(self, position: float) -> bool:
        """Whether it was long enough at ``position``, seconds on the session's clock."""
        return (
            0 < self._longest <= position - self._since and self._something_said and self._open == 0
        )
