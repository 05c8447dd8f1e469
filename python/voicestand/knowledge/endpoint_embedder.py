"""A server that speaks OpenAI's protocol for embeddings: Ollama, llama.cpp, vLLM and others."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import msgspec
import numpy as np

from voicestand.errors import ModelError
from voicestand.knowledge.vectors import Matrix, normalized

_PATIENCE = 60.0
"""Seconds for the passages of one request, which nobody waits for in a call."""

_BATCH = 32
"""Texts in one request."""

_LEFT_ALONE = 30.0
"""Seconds for which a server that failed is not asked again: each attempt costs its deadline."""

_MOST_BYTES = 64 << 20


class _One(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_One]


class EndpointEmbedder:
    """Asks ``url``, e.g. ``http://localhost:11434/v1``, for ``model``'s vectors.

    ``seconds``: how long a query may take; then the search goes on without.
    """

    def __init__(self, url: str, model: str, key: str = "", *, seconds: float = 0.3) -> None:
        self._address = urlsplit(url.rstrip("/") + "/embeddings")
        self._model = model
        self._key = key
        self._seconds = seconds
        self._asked_again = 0.0
        """When a server that failed is asked again, on the monotonic clock."""

    @property
    def name(self) -> str:
        """See :class:`voicestand.knowledge.embedding.Embedder`."""
        return f"{self._address.hostname}/{self._model}"

    def passages(self, texts: Sequence[str]) -> Matrix:
        """See :class:`voicestand.knowledge.embedding.Embedder`."""
        parts = []
        for at in range(0, len(texts), _BATCH):
            try:
                parts.append(self._asked(texts[at : at + _BATCH], _PATIENCE))
            except (OSError, HTTPException, ValueError, TimeoutError) as error:
                reason = " ".join(str(error).split())[:200] or type(error).__name__
                raise ModelError(f"{self._address.netloc} gives no embeddings: {reason}") from error
        return np.concatenate(parts)

    def query(self, text: str) -> Matrix | None:
        """See :class:`voicestand.knowledge.embedding.Embedder`."""
        if time.monotonic() < self._asked_again:
            return None
        try:
            vector: Matrix = self._asked([text], self._seconds)[0]
        except (OSError, HTTPException, ValueError, TimeoutError):
            self._asked_again = time.monotonic() + _LEFT_ALONE
            return None
        return vector

    def _asked(self, texts: Sequence[str], seconds: float) -> Matrix:
        """Waits so long at most, whatever hangs: the name's resolution, the server, a slow drip."""
        answer: Future[Matrix] = Future()

        def ask() -> None:
            try:
                answer.set_result(self._requested(texts, seconds))
            except BaseException as error:
                answer.set_exception(error)

        threading.Thread(target=ask, name="embeddings", daemon=True).start()
        return answer.result(seconds)

    def _requested(self, texts: Sequence[str], seconds: float) -> Matrix:
        kind = HTTPSConnection if self._address.scheme == "https" else HTTPConnection
        connection = kind(self._address.hostname or "", self._address.port, timeout=seconds)
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        clean = [text.encode(errors="replace").decode() for text in texts]
        body = msgspec.json.encode({"model": self._model, "input": clean})
        try:
            connection.request("POST", self._address.path, body, headers)
            response = connection.getresponse()
            content = response.read(_MOST_BYTES + 1)
        finally:
            connection.close()
        if response.status != 200:
            raise ValueError(f"status {response.status}")
        return _vectors(content, len(texts))


def _vectors(content: bytes, count: int) -> Matrix:
    """The rows of an answer. Raises ``ValueError`` for one that is not as it must be."""
    if len(content) > _MOST_BYTES:
        raise ValueError("the answer is too long")
    found = msgspec.json.decode(content, type=_Answer).data
    found.sort(key=lambda one: one.index)
    if [one.index for one in found] != list(range(count)):
        raise ValueError(f"{len(found)} vectors for {count} texts")
    rows = np.array([one.embedding for one in found], np.float32)
    if rows.ndim != 2 or not rows.size or not np.isfinite(rows).all():
        raise ValueError("the vectors are none")
    return normalized(rows)
