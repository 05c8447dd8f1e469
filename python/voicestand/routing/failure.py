"""Why a provider gave no answer, and what follows from it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """Of failure, by what can be done about it."""

    RATE_LIMITED = "rate-limited"
    """It wants fewer requests."""
    TIMED_OUT = "timed-out"
    DISCONNECTED = "disconnected"
    """No connection, or one that was cut."""
    SERVER_ERROR = "server-error"
    GARBLED = "garbled"
    """An answer that is none."""
    BAD_REQUEST = "bad-request"
    """It does not take such requests: an unknown model, a wrong address."""
    DENIED = "denied"
    """The key is wrong, or the account has run out."""
    WRONG_INPUT = "wrong-input"
    """What was sent cannot be answered by anybody."""


class Consequence(NamedTuple):
    """What follows from a kind of failure."""

    again: bool
    """The same provider may be asked again, after a pause."""
    elsewhere: bool
    """Another provider may be asked, at once."""
    blamed: bool
    """It counts against the provider."""


CONSEQUENCES = {
    Kind.RATE_LIMITED: Consequence(again=True, elsewhere=True, blamed=False),
    Kind.TIMED_OUT: Consequence(again=True, elsewhere=True, blamed=True),
    Kind.DISCONNECTED: Consequence(again=True, elsewhere=True, blamed=True),
    Kind.SERVER_ERROR: Consequence(again=True, elsewhere=True, blamed=True),
    Kind.GARBLED: Consequence(again=True, elsewhere=True, blamed=True),
    Kind.BAD_REQUEST: Consequence(again=False, elsewhere=True, blamed=True),
    Kind.DENIED: Consequence(again=False, elsewhere=True, blamed=True),
    Kind.WRONG_INPUT: Consequence(again=False, elsewhere=False, blamed=False),
}


class ProviderError(Exception):
    """A provider gave no answer. The message must not quote what was sent, nor any secret."""

    def __init__(self, kind: Kind, message: str, *, retry_after: float | None = None) -> None:
        """``retry_after``: seconds for which the provider wants no request."""
        super().__init__(message)
        self.kind = kind
        self.retry_after = retry_after

    @property
    def consequence(self) -> Consequence:
        """What follows from it."""
        return CONSEQUENCES[self.kind]
