"""Fifteen conversations at once, for seconds; for minutes: ``benches/bench_routing.py``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.speech.conversations import PHASES, Routed, elsewhere, load, serve, side
from tests.speech.faulty_provider import FaultyProviders

CONVERSATIONS = 15
SECONDS = 6.0


@pytest.fixture
def providers() -> Iterator[FaultyProviders]:
    providers = FaultyProviders()
    yield providers
    providers.close()


def test_every_utterance_of_every_conversation_has_its_words_once_and_the_books_balance(
    providers: FaultyProviders,
) -> None:
    ours = side("routed", lambda settings: Routed(settings, 2.0, 0.05))
    serve(providers, [ours], faster=5)
    asyncio.run(
        load(
            providers,
            [ours],
            conversations=CONVERSATIONS,
            seconds=SECONDS,
            pause=(0.1, 0.5),
        )
    )
    assert len(ours.outcomes) > 5 * CONVERSATIONS
    assert all(one.who for one in ours.outcomes)
    calm = [one for one in ours.outcomes if one.phase in ("calm", "rate limit", "broken")]
    assert elsewhere(calm) > 0.5
    assert {one.phase for one in ours.outcomes} == set(PHASES)
    accounts = [client.last for client in ours.clients]
    assert sum(account.requests for account in accounts) == len(ours.outcomes)
    each = [provider for account in accounts for provider in account.providers]
    assert 10 * sum(one.hedges for one in each) <= len(ours.outcomes)
    for one in each:
        assert one.requests == one.successes + one.abandoned + sum(one.failures.values())
    asked = providers.asked
    for name in "ab":
        counted = [one for one in each if one.name == name]
        came = sum(request["provider"] == f"routed-{name}" for request in asked)
        answered = sum(one.successes for one in counted)
        assert answered <= came <= sum(one.requests for one in counted)
