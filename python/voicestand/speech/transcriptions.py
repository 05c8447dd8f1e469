"""The client of one OpenAI-compatible ``/audio/transcriptions``: one request, one transcript.

Nothing of an answer that is no transcript gets into a message: servers quote keys.
"""

from __future__ import annotations

import struct

import aiohttp
import msgspec

from voicestand.routing import Kind, ProviderError, replies
from voicestand.speech.audio_log import SAMPLE_RATE, Pcm
from voicestand.speech.protocol import RecognizedWord, Transcript
from voicestand.speech.providers import ProviderSettings


class _Word(msgspec.Struct):
    word: str
    start: float
    end: float


class _Answer(msgspec.Struct):
    text: str
    words: list[_Word] | None = None


def wav(samples: Pcm) -> bytes:
    """A WAV file of ``samples``: mono, 16 bits, 16 kHz."""
    data = samples.astype("<i2", copy=False).tobytes()
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SAMPLE_RATE, 2 * SAMPLE_RATE, 2, 16)
    chunks = form + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WAVE") + chunks


class Transcriptions:
    """``send`` as :class:`voicestand.routing.Provider` wants it."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        provider: ProviderSettings,
        key: str,
        prompt: str = "",
    ) -> None:
        """``prompt``: a text in which the words to expect are written; empty: none."""
        self._session = session
        self._provider = provider
        self._prompt = prompt if provider.vocabulary else ""
        self._url = f"{provider.url.rstrip('/')}/audio/transcriptions"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    async def send(self, samples: Pcm) -> Transcript:
        """The transcript of ``samples``. Raises :class:`voicestand.routing.ProviderError`."""
        try:
            # A redirect would take audio and key where the user did not send them.
            async with self._session.post(
                self._url, data=self._form(samples), headers=self._headers, allow_redirects=False
            ) as response:
                body = await replies.read(response)
                if response.status == 200:
                    return self._transcript(body, len(samples) / SAMPLE_RATE)
                raise replies.refusal(self._provider.name, response, body, _about_audio)
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError) as error:
            raise replies.broken(self._provider.name, error) from None

    def _form(self, samples: Pcm) -> aiohttp.FormData:
        form = aiohttp.FormData()
        form.add_field("file", wav(samples), filename="utterance.wav", content_type="audio/wav")
        form.add_field("model", self._provider.model)
        form.add_field("response_format", "verbose_json" if self._provider.words else "json")
        if self._provider.words:
            form.add_field("timestamp_granularities[]", "word")
        if self._provider.language:
            form.add_field("language", self._provider.language)
        if self._prompt:
            form.add_field("prompt", self._prompt)
        return form

    def _transcript(self, body: bytes, seconds: float) -> Transcript:
        try:
            answer = msgspec.json.decode(body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._garbled() from None
        words = [
            RecognizedWord(text=word.word.strip(), start=word.start, end=min(word.end, seconds))
            for word in answer.words or ()
        ]
        possible = all(word.text and 0 <= word.start <= word.end for word in words)
        return Transcript(text=" ".join(answer.text.split()), words=words if possible else [])

    def _garbled(self) -> ProviderError:
        return replies.failure(self._provider.name, Kind.GARBLED, "an answer that is no transcript")


def _about_audio(said: replies.Said) -> bool:
    return said.param == "file" or "audio" in f"{said.code} {said.message}".lower()
