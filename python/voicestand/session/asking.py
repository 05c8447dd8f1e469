"""The language models of a conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from voicestand.coach.generation.context import Context
from voicestand.coach.generation.settings import ready
from voicestand.config import CoachSettings
from voicestand.events import GenerationStats
from voicestand.session.hearing import teller
from voicestand.session.inbox import Generated, Message

if TYPE_CHECKING:
    from voicestand.coach.generation import generator


class Asking:
    """Asks the models that ``coach.models`` names, if any; answers and alerts go into the inbox.

    Raises ``InputError`` where the file has a mistake, ``EngineUnavailableError`` where what asks
    them is not installed.
    """

    def __init__(self, settings: CoachSettings, put: Callable[[Message], None]) -> None:
        self._models = ready(settings.models)
        self._put = put
        self._generator: generator.Generator | None = None

    def start(self) -> None:
        """Makes ready to ask, if there is a model."""
        if self._models is None:
            return
        # Here: a client of HTTP takes a tenth of a second to import, and memory.
        from voicestand.coach.generation.generator import Generator

        self._generator = Generator(self._models, self._told, teller(self._put))

    def ask(self, utterance: str, context: Context) -> None:
        """Returns at once; the answer, if there is one, comes into the inbox."""
        if self._generator is not None:
            self._generator.ask(utterance, context)

    def stats(self) -> GenerationStats | None:
        """What models were asked; None where there is none."""
        return self._generator.stats() if self._generator is not None else None

    def close(self) -> None:
        """Asks nobody any more."""
        if self._generator is not None:
            self._generator.close()

    def _told(self, told: generator.Generated) -> None:
        self._put(Generated(utterance=told.ticket, advice=told.advice, model=told.model))
