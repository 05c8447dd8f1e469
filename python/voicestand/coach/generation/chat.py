"""The client of one OpenAI-compatible ``/chat/completions``: one streamed request, one answer.

Nothing of an answer that is none gets into a message: servers quote keys.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import aiohttp
import msgspec
from msgspec import Meta

from voicestand.coach.generation import answer, prompt
from voicestand.coach.generation.answer import Advice, MalformedError, RefusedError
from voicestand.coach.generation.budget import Use, estimated
from voicestand.coach.generation.context import Context
from voicestand.coach.generation.settings import ModelSettings
from voicestand.routing import Kind, ProviderError, replies

AFTERWARDS = 0.25
"""Seconds for which the end of the stream is awaited once the answer is complete."""

Count = Annotated[int, Meta(ge=0, le=10_000_000)]


class _Delta(msgspec.Struct, frozen=True):
    content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta = _Delta()
    message: _Delta = _Delta()
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: Count = 0
    completion_tokens: Count = 0


class _Piece(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: msgspec.Raw | None = None


class Chat:
    """``send`` as :class:`voicestand.routing.Provider` wants it.

    ``used`` is told what each request has taken, also one that failed or was given up;
    ``refused``, why an answer must not be shown.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        model: ModelSettings,
        key: str,
        used: Callable[[Use], None],
        refused: Callable[[str], None],
    ) -> None:
        self._session = session
        self._model = model
        self._url = f"{model.url.rstrip('/')}/chat/completions"
        self._headers = {"Accept": "text/event-stream"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._used = used
        self._refused = refused

    async def send(self, context: Context) -> Advice:
        """The advice in ``context``. Raises :class:`voicestand.routing.ProviderError`."""
        body = self._body(context)
        said = _Said()
        try:
            # A redirect would take words and key where the user did not send them.
            async with self._session.post(
                self._url, data=body, headers=self._headers, allow_redirects=False
            ) as response:
                if response.status != 200:
                    refusal = await replies.read(response)
                    raise replies.refusal(self._model.name, response, refusal, _about_length)
                said.begun = True
                await self._listen(response, said)
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError) as error:
            raise replies.broken(self._model.name, error) from None
        finally:
            if said.begun:
                self._used(self._use(said, len(body)))
        return self._advice(said.text, context)

    def _body(self, context: Context) -> bytes:
        body: dict[str, Any] = {
            "model": self._model.model,
            "messages": prompt.messages(context),
            "stream": True,
            "stream_options": {"include_usage": True},
            self._model.limit: prompt.MOST_WRITTEN,
        }
        if self._model.temperature is not None:
            body["temperature"] = self._model.temperature
        if self._model.format == "object":
            body["response_format"] = {"type": "json_object"}
        elif self._model.format == "schema":
            form = {"name": "advice", "strict": True, "schema": prompt.SCHEMA}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        return msgspec.json.encode(body)

    async def _listen(self, response: aiohttp.ClientResponse, said: _Said) -> None:
        """Takes what comes until the stream ends, or says no more after a complete answer."""
        pieces = _data(response)
        try:
            while True:
                patience = AFTERWARDS if said.complete else None
                data = await asyncio.wait_for(anext(pieces), patience)
                if data == b"[DONE]":
                    return
                self._take(data, said)
        except StopAsyncIteration:
            return
        except TimeoutError:
            if not said.complete:
                raise
        except (aiohttp.ClientError, OSError):
            if not said.complete:
                raise

    def _take(self, data: bytes, said: _Said) -> None:
        try:
            piece = msgspec.json.decode(data, type=_Piece)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._garbled() from None
        if piece.error is not None:
            raise replies.failure(self._model.name, Kind.SERVER_ERROR, "an error in its answer")
        said.usage = piece.usage or said.usage
        for choice in piece.choices[:1]:
            said.add(choice.delta.content or choice.message.content or "")

    def _advice(self, text: str, context: Context) -> Advice:
        try:
            return answer.advice(text, context)
        except MalformedError:
            raise self._garbled() from None
        except RefusedError as error:
            # Not the model's fault: whoever speaks on the call could have it switched off.
            self._refused(str(error))
            return Advice("", ())

    def _use(self, said: _Said, sent: int) -> Use:
        read, written = estimated(sent), estimated(said.length)
        if said.usage is not None:
            read, written = said.usage.prompt_tokens, said.usage.completion_tokens
        cost = (read * self._model.price_in + written * self._model.price_out) / 1e6
        return Use(read, written, cost)

    def _garbled(self) -> ProviderError:
        return replies.failure(self._model.name, Kind.GARBLED, "an answer that is no advice")


class _Said:
    """What has come of an answer."""

    def __init__(self) -> None:
        self.begun = False
        self.text = ""
        self.length = 0
        """Characters that came; ``text`` keeps no more than can be looked at."""
        self.usage: _Usage | None = None
        self.complete = False

    def add(self, text: str) -> None:
        self.length += len(text)
        self.text = (self.text + text)[: answer.LONGEST_ANSWER]
        if "}" in text and not self.complete:
            try:
                answer.object_in(self.text)
            except MalformedError:
                return
            self.complete = True


async def _data(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """What stands in the events of a stream, or the whole body where it is none.

    Ends after :data:`voicestand.routing.replies.LARGEST` bytes.
    """
    if response.content_type == "application/json":  # a server that does not stream
        yield await replies.read(response)
        return
    rest, total = b"", 0
    async for piece in response.content.iter_any():
        total += len(piece)
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].strip()
        if total > replies.LARGEST:
            return
    if rest.startswith(b"data:"):
        yield rest[5:].strip()


def _about_length(said: replies.Said) -> bool:
    return said.code == "context_length_exceeded"
