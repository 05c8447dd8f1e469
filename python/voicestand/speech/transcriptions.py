"""The client of one OpenAI-compatible ``/audio/transcriptions``: one request, one transcript.

Nothing of an answer that is no transcript gets into a message: servers quote keys.
"""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import msgspec

from voicestand.routing import Kind, ProviderError
from voicestand.speech.audio_log import SAMPLE_RATE, Pcm
from voicestand.speech.protocol import RecognizedWord, Transcript
from voicestand.speech.providers import ProviderSettings

LARGEST_ANSWER = 1 << 20
"""Bytes: 20 s of speech with times make a few thousand."""

LONGEST_RETRY_AFTER = 3600.0

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


class _Word(msgspec.Struct):
    word: str
    start: float
    end: float


class _Answer(msgspec.Struct):
    text: str
    words: list[_Word] | None = None


class _ErrorBody(msgspec.Struct, frozen=True):
    message: str | None = None
    code: str | int | None = None
    param: str | None = None


class _Error(msgspec.Struct):
    error: _ErrorBody = _ErrorBody()


def wav(samples: Pcm) -> bytes:
    """A WAV file of ``samples``: mono, 16 bits, 16 kHz."""
    data = samples.astype("<i2", copy=False).tobytes()
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SAMPLE_RATE, 2 * SAMPLE_RATE, 2, 16)
    chunks = form + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WAVE") + chunks


class Transcriptions:
    """``send`` as :class:`voicestand.routing.Provider` wants it."""

    def __init__(
        self, session: aiohttp.ClientSession, provider: ProviderSettings, key: str
    ) -> None:
        self._session = session
        self._provider = provider
        self._url = f"{provider.url.rstrip('/')}/audio/transcriptions"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    async def send(self, samples: Pcm) -> Transcript:
        """The transcript of ``samples``. Raises :class:`voicestand.routing.ProviderError`."""
        try:
            # A redirect would take audio and key where the user did not send them.
            async with self._session.post(
                self._url, data=self._form(samples), headers=self._headers, allow_redirects=False
            ) as response:
                body = await _read(response)
                if response.status == 200:
                    return self._transcript(body, len(samples) / SAMPLE_RATE)
                raise self._refusal(response, body)
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise self._error(Kind.DISCONNECTED, type(error).__name__) from None
        except aiohttp.ClientError as error:
            raise self._error(Kind.GARBLED, type(error).__name__) from None

    def _form(self, samples: Pcm) -> aiohttp.FormData:
        form = aiohttp.FormData()
        form.add_field("file", wav(samples), filename="utterance.wav", content_type="audio/wav")
        form.add_field("model", self._provider.model)
        form.add_field("response_format", "verbose_json" if self._provider.words else "json")
        if self._provider.words:
            form.add_field("timestamp_granularities[]", "word")
        if self._provider.language:
            form.add_field("language", self._provider.language)
        return form

    def _transcript(self, body: bytes, seconds: float) -> Transcript:
        try:
            answer = msgspec.json.decode(body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._error(Kind.GARBLED, "an answer that is no transcript") from None
        words = [
            RecognizedWord(text=word.word.strip(), start=word.start, end=min(word.end, seconds))
            for word in answer.words or ()
        ]
        possible = all(word.text and 0 <= word.start <= word.end for word in words)
        return Transcript(text=" ".join(answer.text.split()), words=words if possible else [])

    def _refusal(self, response: aiohttp.ClientResponse, body: bytes) -> ProviderError:
        status = response.status
        kind = _KINDS.get(status, Kind.SERVER_ERROR if status >= 500 else Kind.BAD_REQUEST)
        said = _said(body)
        if status == 429 and said.code == "insufficient_quota":
            kind = Kind.DENIED
        if status in (400, 422) and _about_audio(said):
            kind = Kind.WRONG_INPUT
        wait = _retry_after(response.headers.get("Retry-After")) if status in (429, 503) else None
        return self._error(kind, f"HTTP {status}", retry_after=wait)

    def _error(self, kind: Kind, what: str, *, retry_after: float | None = None) -> ProviderError:
        message = f"{self._provider.name}: {kind.value} ({what})"
        return ProviderError(kind, message, retry_after=retry_after)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > LARGEST_ANSWER:
            break
    return bytes(body[:LARGEST_ANSWER])


def _said(body: bytes) -> _ErrorBody:
    try:
        return msgspec.json.decode(body, type=_Error).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _ErrorBody()


def _about_audio(said: _ErrorBody) -> bool:
    return said.param == "file" or "audio" in f"{said.code} {said.message}".lower()


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
