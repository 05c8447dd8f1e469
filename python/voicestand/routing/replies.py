"""What a reply of a provider means that is not the answer asked for.

Nothing of such a reply gets into a message: servers quote keys.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import msgspec

from voicestand.routing.failure import Kind, ProviderError

LARGEST = 1 << 20
"""Bytes of a reply that are read."""

LONGEST_RETRY_AFTER = 3600.0
"""Seconds."""

_KINDS = {
    401: Kind.DENIED,
    402: Kind.DENIED,
    403: Kind.DENIED,
    408: Kind.TIMED_OUT,
    409: Kind.SERVER_ERROR,
    413: Kind.WRONG_INPUT,
    415: Kind.WRONG_INPUT,
    425: Kind.SERVER_ERROR,
    429: Kind.RATE_LIMITED,
}


class Said(msgspec.Struct, frozen=True):
    """What a server says of an error."""

    message: str | None = None
    code: str | int | None = None
    param: str | None = None


class _Error(msgspec.Struct):
    error: Said = Said()


def failure(name: str, kind: Kind, what: str, *, retry_after: float | None = None) -> ProviderError:
    """Of the provider ``name``, in one line."""
    return ProviderError(kind, f"{name}: {kind.value} ({what})", retry_after=retry_after)


def refusal(
    name: str,
    response: aiohttp.ClientResponse,
    body: bytes,
    about_input: Callable[[Said], bool],
) -> ProviderError:
    """Of a status that is not 200. ``about_input``: whether nobody could answer what was sent."""
    status = response.status
    kind = _KINDS.get(status, Kind.SERVER_ERROR if status >= 500 else Kind.BAD_REQUEST)
    said = _said(body)
    if status == 429 and said.code == "insufficient_quota":
        kind = Kind.DENIED
    if status in (400, 422) and about_input(said):
        kind = Kind.WRONG_INPUT
    wait = _retry_after(response.headers.get("Retry-After")) if status in (429, 503) else None
    return failure(name, kind, f"HTTP {status}", retry_after=wait)


def broken(name: str, error: aiohttp.ClientError | OSError) -> ProviderError:
    """Of a connection that failed. A timeout is not one: who set it knows what it means."""
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError | OSError):
        return failure(name, Kind.DISCONNECTED, type(error).__name__)
    return failure(name, Kind.GARBLED, type(error).__name__)


async def read(response: aiohttp.ClientResponse) -> bytes:
    """Its body, cut after :data:`LARGEST` bytes."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > LARGEST:
            break
    return bytes(body[:LARGEST])


def _said(body: bytes) -> Said:
    try:
        return msgspec.json.decode(body, type=_Error).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Said()


def _retry_after(header: str | None) -> float | None:
    """Seconds, from either form of the header."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            moment = parsedate_to_datetime(header)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return min(LONGEST_RETRY_AFTER, max(0.0, seconds)) if math.isfinite(seconds) else None
