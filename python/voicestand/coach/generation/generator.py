"""Asks language models in a thread of its own; whoever asks does not wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple

from voicestand.coach.generation import prompt
from voicestand.coach.generation.answer import Advice
from voicestand.coach.generation.budget import Budget, Use
from voicestand.coach.generation.chat import Chat
from voicestand.coach.generation.context import Context, fingerprint
from voicestand.coach.generation.settings import Models, ModelSettings
from voicestand.events import GenerationStats, Severity
from voicestand.routing import Provider, Router, UnansweredError
from voicestand.routing.background import Background
from voicestand.routing.endpoint import key_of

BURST = 3
"""Questions at once below a model's rate limit."""

FAILURES = 2
"""Questions in a row without an answer, after which the user is told."""


class Generated(NamedTuple):
    """An answer, and what it answers."""

    ticket: str
    """As it was given to :meth:`Generator.ask`."""
    advice: Advice
    model: str
    """The name of the model that gave it."""
    seconds: float
    """From the question to the answer."""


class Generator:
    """Of one conversation. Only the latest question is answered: it cancels the one before.

    ``tell`` is given every answer that has something to say, ``notify(severity, code, message)``
    what a user should know: ``coach.model-failed``, ``coach.model-recovered``,
    ``coach.budget-spent``; both in the generator's thread. Others' threads may use its methods.
    """

    def __init__(
        self,
        models: Models,
        tell: Callable[[Generated], None],
        notify: Callable[[Severity, str, str], None],
    ) -> None:
        self._models = models
        self._tell = tell
        self._notify = notify
        self._budget = Budget(models.tokens_per_call, models.money_per_call)
        self._dearest = (
            max(one.price_in for one in models.model),
            max(one.price_out for one in models.model),
        )
        self._spent = False
        self._refused = 0
        self._overtaken = 0
        self._failures = 0
        """Questions in a row that nobody answered."""
        self._asked: Future[None] | None = None
        self._background = Background("models")
        self._router = Router[Context, Advice](
            [self._provider(one) for one in models.model], cache_seconds=models.cache_seconds
        )

    def ask(self, ticket: str, context: Context) -> None:
        """Asks for advice in ``context``; the answer, if any, goes to ``tell``."""
        self.cancel()
        self._asked = self._background.run(self._question(ticket, context))

    def cancel(self) -> None:
        """The latest question is overtaken: nobody wants its answer any more."""
        if self._asked is not None and self._asked.cancel():
            self._overtaken += 1

    def stats(self) -> GenerationStats:
        """The account so far."""
        return GenerationStats(
            routing=self._router.stats(self._background.loop.time()),
            overtaken=self._overtaken,
            refused=self._refused,
            tokens_read=self._budget.read,
            tokens_written=self._budget.written,
            cost=round(self._budget.cost, 6),
        )

    def close(self) -> None:
        """Cancels what is asked, and closes the connections."""
        self.cancel()
        self._background.close()

    async def _question(self, ticket: str, context: Context) -> None:
        size = sum(len(message["content"]) for message in prompt.messages(context))
        if not self._budget.allows(size, self._dearest):
            self._say_spent()
            return
        began = time.monotonic()
        try:
            answer = await self._router.ask(
                context, self._models.deadline, key=fingerprint(context)
            )
        except UnansweredError as error:
            self._failed(str(error))
            return
        self._answered(answer.provider)
        if answer.value.text:
            seconds = time.monotonic() - began
            self._tell(Generated(ticket, answer.value, answer.provider, seconds))

    def _provider(self, model: ModelSettings) -> Provider[Context, Advice]:
        chat = Chat(self._background.connections, model, key_of(model), self._use, self._refuse)
        return Provider(
            model.name,
            chat.send,
            requests_per_minute=model.requests_per_minute,
            burst=BURST,
        )

    def _use(self, use: Use) -> None:
        self._budget.spend(use)

    def _refuse(self, _: str) -> None:
        self._refused += 1

    def _say_spent(self) -> None:
        if not self._spent:
            self._spent = True
            self._notify(
                "warning",
                "coach.budget-spent",
                "what language models may cost in one conversation is spent: the playbook goes on "
                "alone",
            )

    def _failed(self, reason: str) -> None:
        """No model answered in time: told once, and not of a single question."""
        self._failures += 1
        if self._failures == FAILURES:
            self._notify(
                "warning",
                "coach.model-failed",
                f"{reason}; until a model answers again, advice comes without",
            )

    def _answered(self, model: str) -> None:
        if self._failures >= FAILURES:
            self._notify("info", "coach.model-recovered", f"{model} answers again")
        self._failures = 0
