"""What several tests of this room share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.speech.faulty_provider import FaultyProviders
from tests.speech.faulty_server import FaultyServer


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    """A server of models that misbehaves as it is told to."""
    server = FaultyServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def providers() -> Iterator[FaultyProviders]:
    """OpenAI-compatible providers that misbehave as they are told to."""
    providers = FaultyProviders()
    yield providers
    providers.close()
