"""Utterances as text, subtitles (SubRip, WebVTT) or JSON. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from voicestand.events import TranscriptFinal, Word

ExportFormat = Literal["txt", "srt", "vtt", "json"]


class Utterance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one speaker said without a pause. ``start`` and ``end`` in seconds of audio."""

    channel: str
    start: float
    end: float
    text: str
    words: list[Word] | None = None
    session: str | None = None
    """Which one, where that is known."""


def from_final(event: TranscriptFinal) -> Utterance:
    """The part of a final transcript that is exported."""
    return Utterance(
        channel=event.channel,
        start=event.start,
        end=event.end,
        text=event.text,
        words=event.words,
    )


def to_txt(utterances: Iterable[Utterance], *, speakers: bool) -> str:
    """One line for each utterance that has words, by start; with ``speakers``: ``self: text``."""
    return "".join(f"{_speaker(cue, speakers)}{cue.text}\n" for cue in _cues(utterances))


def to_srt(utterances: Iterable[Utterance], *, speakers: bool) -> str:
    """SubRip subtitles, numbered from 1, by start; with ``speakers``: ``self: text``.

    SubRip cannot escape anything, and players take ``<`` for a tag and ``-->`` for a time line:
    ``<`` and ``>`` become ``‹`` and ``›``.
    """
    return "".join(
        f"{number}\n{_span(cue, ',')}\n{_without_tags(_speaker(cue, speakers) + cue.text)}\n\n"
        for number, cue in enumerate(_cues(utterances), 1)
    )


def to_vtt(utterances: Iterable[Utterance], *, speakers: bool) -> str:
    """WebVTT subtitles (https://www.w3.org/TR/webvtt1/), by start.

    With ``speakers`` each cue is in a voice span: ``<v self>text``.
    """
    return "WEBVTT\n\n" + "".join(
        f"{_span(cue, '.')}\n"
        f"{f'<v {_escaped(one_line(cue.channel))}>' if speakers else ''}{_escaped(cue.text)}\n\n"
        for cue in _cues(utterances)
    )


def to_json(utterances: Iterable[Utterance], *, speakers: bool = True) -> str:
    """A JSON array of all utterances, empty ones included, by start.

    Each has ``channel`` whatever ``speakers`` says.
    """
    return encoded(sorted(utterances, key=_begin))


def encoded(utterances: list[Utterance]) -> str:
    """The same in the order given."""
    return msgspec.json.format(msgspec.json.encode(utterances), indent=2).decode() + "\n"


FORMATS: dict[ExportFormat, Callable[..., str]] = {
    "txt": to_txt,
    "srt": to_srt,
    "vtt": to_vtt,
    "json": to_json,
}
"""The function for each format; all take ``(utterances, *, speakers)``."""


def _begin(utterance: Utterance) -> tuple[float, float]:
    return utterance.start, utterance.end


def _cues(utterances: Iterable[Utterance]) -> list[Utterance]:
    """Those with words, by start, each text on one line."""
    cues = (
        msgspec.structs.replace(utterance, text=one_line(utterance.text))
        for utterance in utterances
    )
    return sorted((cue for cue in cues if cue.text), key=_begin)


def one_line(text: str) -> str:
    """The text on one line: line breaks and NUL, which no format can hold, become a space."""
    parts = (part.strip() for part in text.replace("\0", "\n").splitlines())
    return " ".join(part for part in parts if part)


def _speaker(cue: Utterance, speakers: bool) -> str:
    return f"{one_line(cue.channel)}: " if speakers else ""


def _span(cue: Utterance, separator: str) -> str:
    """``00:00:01,500 --> 00:00:02,250``; a player drops a cue that does not last."""
    start = max(0, round(cue.start * 1000))
    end = max(start + 1, round(cue.end * 1000))
    return f"{_timestamp(start, separator)} --> {_timestamp(end, separator)}"


def _timestamp(milliseconds: int, separator: str) -> str:
    seconds, fraction = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{separator}{fraction:03}"


def _without_tags(text: str) -> str:
    return text.replace("<", "‹").replace(">", "›")


def _escaped(text: str) -> str:
    """Escaping ``>`` also takes care of ``-->``."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
