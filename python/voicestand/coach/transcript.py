"""Transcripts to try a playbook on: what ``run --events``, ``transcribe`` and ``export`` write.

Also plain text, one utterance a line: ``other: how much is it``, with or without a time before it
(``[00:12.5] other: how much is it``).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from voicestand.errors import InputError
from voicestand.events import TranscriptFinal, from_json

SUFFIXES = frozenset({".json", ".jsonl", ".ndjson", ".srt", ".vtt", ".txt"})
"""What a transcript's name ends in; any other file is taken for a recording."""
ROLES = ("self", "other")
ASSUMED_WORDS_PER_SECOND = 2.5
"""For lines without times: 150 words per minute, an ordinary speaking rate."""
ASSUMED_PAUSE = 0.5
"""Seconds between such lines."""

_CLOCK = r"(?:(\d+):)?(\d+):(\d+(?:[.,]\d+)?)"
_CUE = re.compile(rf"{_CLOCK}\s+-->\s+{_CLOCK}")
_STAMP = re.compile(rf"\[{_CLOCK}\]\s*")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_TAG = re.compile(r"<[^>]*>")
_SPEAKER = re.compile(r"([A-Za-z0-9_-]+):\s+(?=\S)")


class _Utterance(msgspec.Struct):
    channel: str
    start: float
    end: float
    text: str


class _Said(NamedTuple):
    """One utterance of a text format; what is not stated there is None."""

    text: str
    speaker: str | None
    start: float | None
    end: float | None


def is_transcript(path: Path) -> bool:
    """Whether the name says that this is a transcript, not a recording."""
    return path.suffix.lower() in SUFFIXES


def read(path: Path) -> list[TranscriptFinal]:
    """The utterances of a transcript, in the order of the file.

    The format is told by the content. An utterance without a speaker is on channel ``self``; one
    without times gets those of an ordinary speaking rate. Raises ``InputError``.
    """
    text = _text(path)
    beginning = text.lstrip()[:1]
    if beginning == "{":
        finals = _events(text, path)
    elif beginning == "[" and not _STAMP.match(text.lstrip()):
        finals = _utterances(text, path)
    else:
        said = list(_cues(text) if _CUE.search(text) else _lines(text))
        finals = _finals(said)
    if not finals:
        raise InputError(f"{path} has no utterances")
    channels = {final.channel for final in finals}
    if len(channels) > 1 and not channels & set(ROLES):
        raise InputError(
            f"{path}: the speakers are {', '.join(sorted(channels)[:5])}; name the one to coach "
            "self and the others other"
        )
    return finals


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, not a transcript") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text in UTF-8"
        raise InputError(f"cannot read transcript {path}: {reason}") from None


def _events(text: str, path: Path) -> list[TranscriptFinal]:
    finals = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            event = from_json(line)
        except msgspec.DecodeError as error:
            raise InputError(f"{path}:{number}: not an event of VoiceStand: {error}") from None
        if isinstance(event, TranscriptFinal):
            finals.append(event)
    return finals


def _utterances(text: str, path: Path) -> list[TranscriptFinal]:
    try:
        utterances = msgspec.json.decode(text, type=list[_Utterance])
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not a transcript of VoiceStand: {error}") from None
    return [
        _final(number, one.channel, one.text, one.start, one.end)
        for number, one in enumerate(utterances, 1)
    ]


def _cues(text: str) -> Iterator[_Said]:
    """The cues of SubRip or WebVTT subtitles."""
    webvtt = text.startswith("WEBVTT")
    for block in re.split(r"\n[ \t]*\n", text):
        match = _CUE.search(block)
        if match is None:
            continue
        start, end = _seconds(*match.groups()[:3]), _seconds(*match.groups()[3:])
        words = " ".join(block[match.end() :].split("\n")[1:]).strip()
        voice = _VOICE.match(words) if webvtt else None
        if webvtt:
            words = html.unescape(_TAG.sub("", words))
        if voice:
            yield _Said(words, html.unescape(voice[1]), start, end)
        else:
            yield _said(words, start, end)


def _lines(text: str) -> Iterator[_Said]:
    for line in text.split("\n"):
        stripped = line.strip()
        stamp = _STAMP.match(stripped)
        start = _seconds(*stamp.groups()) if stamp else None
        words = stripped[stamp.end() :] if stamp else stripped
        if words:
            yield _said(words, start, None)


def _said(text: str, start: float | None, end: float | None) -> _Said:
    speaker = _SPEAKER.match(text)
    if speaker is None:
        return _Said(text, None, start, end)
    return _Said(text[speaker.end() :], speaker[1], start, end)


def _finals(said: list[_Said]) -> list[TranscriptFinal]:
    # "Note: ..." in one line is no speaker: either every line names one or none does.
    named = all(one.speaker for one in said)
    finals = []
    now = 0.0
    next_starts = [*(one.start for one in said[1:]), None]
    for number, (one, next_start) in enumerate(zip(said, next_starts, strict=False), 1):
        text = one.text if named or one.speaker is None else f"{one.speaker}: {one.text}"
        start = now if one.start is None else one.start
        end = one.end
        if end is None:
            end = start + len(text.split()) / ASSUMED_WORDS_PER_SECOND
            end = end if next_start is None else max(start, min(end, next_start))
        channel = (one.speaker or "self").lower() if named else "self"
        finals.append(_final(number, channel, text, start, end))
        now = end + ASSUMED_PAUSE
    return finals


def _final(number: int, channel: str, text: str, start: float, end: float) -> TranscriptFinal:
    return TranscriptFinal(
        session="transcript",
        t=end,
        channel=channel,
        utterance=str(number),
        text=text,
        start=start,
        end=end,
        engine="transcript",
        latency_ms=0.0,
        engine_ms=0.0,
        recognizer_ms=0.0,
    )


def _seconds(hours: str | None, minutes: str, seconds: str) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
