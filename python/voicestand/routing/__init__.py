"""Requests to providers that may be slow, busy, broken or gone, answered within a deadline.

It knows nothing of what is asked: a provider is a name and a coroutine function. How a request
travels::

    ask ─► cache ─► choose (order of history, breaker, rate, Retry-After) ─► attempt ─► answer
             │         ▲                                        │  └─ late? hedge ─┘
             │         └────────── back-off ◄── ProviderError ──┘
             └──────────────────────────────── time is up, nobody left ─► fallback

``history``, ``breaker``, ``hedging`` and ``rate`` are state machines without clocks, tasks or input
and output; ``provider`` puts them together for one provider; ``router`` is what runs. Names are
loaded on first use: the router needs ``cachetools``, accounts do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestand.lazy import names_of

if TYPE_CHECKING:
    from voicestand.routing.accounts import total
    from voicestand.routing.failure import Kind, ProviderError
    from voicestand.routing.provider import Provider
    from voicestand.routing.router import FALLBACK, Answer, Router, UnansweredError

__all__ = [
    "FALLBACK",
    "Answer",
    "Kind",
    "Provider",
    "ProviderError",
    "Router",
    "UnansweredError",
    "total",
]

_MODULES = {
    "FALLBACK": "router",
    "Answer": "router",
    "Kind": "failure",
    "Provider": "provider",
    "ProviderError": "failure",
    "Router": "router",
    "UnansweredError": "router",
    "total": "accounts",
}

__getattr__ = names_of(__name__, _MODULES)
